// Reads the small views into memory at open.
#include <functional>

#include "core/class_table.hpp"
#include "storage/views_impl.hpp"

namespace tokenledger::views {
namespace {

// Calls `take` for each row of the view; view_corrupt when it refuses one.
Result<void> for_each_row(const Database& database, ViewKind kind,
                          const std::function<bool(std::string_view, std::string_view)>& take) {
  const Database::Bounds bounds{kind};
  const auto rows = database.iterate(bounds);
  const Key first{kind};
  for (rows->Seek(first.view()); rows->Valid(); rows->Next()) {
    if (!take(rows->key().ToStringView(), rows->value().ToStringView())) return Errc::view_corrupt;
  }
  if (!rows->status().ok()) return to_view_errc(rows->status());
  return {};
}

}  // namespace

Result<void> ViewsImpl::load_classes() {
  return for_each_row(*database_, ViewKind::classes,
                      [&](std::string_view key, std::string_view value) {
                        const auto id = parse_seq_key(ViewKind::classes, key);
                        const auto content = decode_class(value);
                        if (!id || !content) return false;
                        return tables_.add_class(*id, *content) != nullptr;
                      });
}

Result<void> ViewsImpl::load_counts() {
  return for_each_row(*database_, ViewKind::counts,
                      [&](std::string_view key, std::string_view value) {
                        const auto id = parse_seq_key(ViewKind::counts, key);
                        const auto count = decode_count(value);
                        if (!id || !count) return false;
                        auto* const entry = tables_.find(*id);
                        if (entry == nullptr) return false;
                        entry->restore(*count);
                        tables_.widen(count->spread);
                        return true;
                      });
}

Result<void> ViewsImpl::load_numbers() {
  return for_each_row(*database_, ViewKind::numbers,
                      [&](std::string_view key, std::string_view value) {
                        const auto number = parse_number_key(key);
                        const auto token_class = decode_number(value);
                        if (!number || !token_class || !is_class_number(*number)) return false;
                        tables_.set_number(*number, *token_class);
                        return true;
                      });
}

Result<void> ViewsImpl::load_marks() {
  return for_each_row(
      *database_, ViewKind::marks, [&](std::string_view key, std::string_view value) {
        const auto seq = parse_seq_key(ViewKind::marks, key);
        const auto recorded_at = decode_u64(value);
        if (!seq || !recorded_at || *recorded_at > 0xFFFF'FFFF) return false;
        tables_.add_mark(*seq, UnixSeconds{static_cast<std::uint32_t>(*recorded_at)});
        return true;
      });
}

Result<void> ViewsImpl::load_cascades() {
  return for_each_row(*database_, ViewKind::cascades,
                      [&](std::string_view key, std::string_view value) {
                        const auto seq = parse_seq_key(ViewKind::cascades, key);
                        const auto row = decode_cascade(value);
                        if (!seq || !row || row->cascade.revocation.seq != *seq) return false;
                        if (ends_by_number(row->cascade.selector.kind)) return false;
                        tables_.add_cascade(row->cascade);
                        return true;
                      });
}

// Their bits alone stay in memory.
Result<void> ViewsImpl::load_ends() {
  return for_each_row(*database_, ViewKind::ends,
                      [&](std::string_view key, std::string_view value) {
                        const auto parsed = parse_end_key(key);
                        const auto row = decode_cascade(value);
                        if (!parsed || !row || !is_of_key(row->cascade, *parsed)) return false;
                        return tables_.add_end(row->cascade);
                      });
}

}  // namespace tokenledger::views
