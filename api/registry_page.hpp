// Pages over what has numbers (clients, APIs, grants; users, groups, consents): a scan in order of
// number, so a page is stable while others are added.
//
// Bounded: at most kRegistryScanMax records are looked at per request, because a lock is held
// meanwhile, and a page ends once it has kPageBytesMax; an empty page with a cursor is allowed
// (INV-7). The cursor is the position, in base64url with a checksum over the query; the records are
// readable by whoever may list them, so it needs no secrecy, only a refusal of another query's.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_form.hpp"
#include "api/http_request.hpp"
#include "api/http_response.hpp"
#include "api/json_writer.hpp"
#include "core/registries.hpp"
#include "storage/ledger.hpp"

namespace tokenledger {

inline constexpr std::uint64_t kRegistryLimitMax = 1'000;
inline constexpr std::uint64_t kRegistryScanMax = 10'000;
inline constexpr std::size_t kPageBytesMax = 1024 * 1024;  // and one record more

class RegistryPage {
 public:
  // `text` is what `json` appends to.
  RegistryPage(const std::string& text, JsonWriter& json, std::uint64_t position,
               std::uint64_t limit)
      : text_{text}, json_{json}, position_{position}, limit_{limit} {}

  [[nodiscard]] bool wants_more() const noexcept {
    return written_ < limit_ && looked_at_ < kRegistryScanMax && text_.size() < kPageBytesMax;
  }
  // Of the record to look at, from 0.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  void skip() noexcept {
    ++position_;
    ++looked_at_;
  }
  // Past records that some index says are not wanted.
  void skip_to(std::uint64_t position) noexcept { position_ = position; }
  // Where the record at position() is to be written; or where it will be, by whoever first collects
  // under a lock and then writes.
  [[nodiscard]] JsonWriter& next_item() noexcept {
    take();
    return json_;
  }
  void take() noexcept {
    skip();
    ++written_;
  }
  [[nodiscard]] JsonWriter& json() noexcept { return json_; }
  // The registry's size: decides whether there is another page.
  void end_at(std::uint64_t size) noexcept { has_more_ = position_ < size; }
  [[nodiscard]] bool has_more() const noexcept { return has_more_; }

 private:
  const std::string& text_;
  JsonWriter& json_;
  std::uint64_t position_;
  std::uint64_t limit_;
  std::uint64_t looked_at_ = 0;
  std::uint64_t written_ = 0;
  bool has_more_ = false;
};

// {"items": [...], "next_cursor": ...}; parameters limit, cursor and `filters`.
[[nodiscard]] HttpResponse registry_page(
    const Ledger& ledger, const HttpRequest& request,
    std::initializer_list<std::string_view> filters,
    const std::function<void(const Registries&, const FormFields&, RegistryPage&)>& write);

// The same over anything: `write` takes its own locks. What it answers is the answer.
[[nodiscard]] HttpResponse numbered_page(
    const Ledger& ledger, const HttpRequest& request,
    std::initializer_list<std::string_view> filters,
    const std::function<std::optional<HttpResponse>(const FormFields&, RegistryPage&)>& write);

}  // namespace tokenledger
