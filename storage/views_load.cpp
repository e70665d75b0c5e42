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
                        const auto token_class = decode_class(value);
                        if (!id || !token_class) return false;
                        if (tables_.find_content(*token_class) != nullptr) return false;
                        tables_.add_class(*id, *token_class);
                        return true;
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
                        entry->restore(count->issued, count->newest);
                        return true;
                      });
}

Result<void> ViewsImpl::load_numbers() {
  return for_each_row(*database_, ViewKind::numbers,
                      [&](std::string_view key, std::string_view value) {
                        const auto number = parse_number_key(key);
                        const auto id = decode_seq(value);
                        if (!number || !id || !is_class_number(*number)) return false;
                        auto* const entry = tables_.find(*id);
                        if (entry == nullptr) return false;
                        tables_.set_number(*number, *entry);
                        return true;
                      });
}

Result<void> ViewsImpl::load_cascades() {
  return for_each_row(*database_, ViewKind::cascades,
                      [&](std::string_view key, std::string_view value) {
                        const auto seq = parse_seq_key(ViewKind::cascades, key);
                        const auto row = decode_cascade(value);
                        if (!seq || !row || row->cascade.revocation.seq != *seq) return false;
                        tables_.add_cascade(row->cascade);
                        return true;
                      });
}

}  // namespace tokenledger::views
