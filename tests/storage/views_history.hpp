// A random history of events, a plain model of what views must answer, and a log in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/event_codec.hpp"
#include "storage/event_log.hpp"
#include "storage/views.hpp"

namespace tokenledger::testing_support {

inline constexpr std::uint32_t kStartSeconds = 1'700'000'000;

// Events as a ledger might log them, but for registries, which views do not look at.
class RandomHistory {
 public:
  // With users: their tokens, and the ends of what those stand on.
  explicit RandomHistory(std::uint64_t seed, bool has_users = false)
      : random_{seed}, has_users_{has_users} {}

  Event next() {
    Event event;
    event.seq = Sequence{++seq_};
    time_ns_ += 1 + below(3 * kNanosecondsPerSecond);
    event.recorded_at = LedgerTime{time_ns_};
    event.actor = actor();
    const auto dice = below(100);
    if (dice < 70 || issued_.empty()) {
      event.payload = issue();
      if (below(2) == 0) event.actor = own_actor();
    } else if (dice < 85) {
      event.payload = revoke();
    } else if (has_users_ && dice < 90) {
      event.payload = end();
    } else {
      event.payload = other(event.seq);
    }
    return event;
  }
  std::vector<Event> next(std::size_t count) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < count; ++i) events.push_back(next());
    return events;
  }
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>{0, bound - 1}(random_);
  }
  [[nodiscard]] LedgerTime now() const { return LedgerTime{time_ns_}; }

 private:
  static constexpr std::uint32_t kClients = 5;
  static constexpr std::uint32_t kNumbers = 8;

  template <class Enum>
  Enum any(Enum last) {
    return static_cast<Enum>(1 + below(static_cast<std::uint64_t>(last)));
  }
  Actor actor() {
    switch (below(5)) {
      case 0: return {.kind = ActorKind::system};
      case 1: return {.kind = ActorKind::host};
      case 2:
        return {.kind = ActorKind::client,
                .client = ClientNumber{1 + static_cast<std::uint32_t>(below(kClients))},
                .generation = SecretGeneration{1 + static_cast<std::uint32_t>(below(3))}};
      case 3:
        return {.kind = ActorKind::user,
                .generation = SecretGeneration{1 + static_cast<std::uint32_t>(below(3))},
                .user = UserNumber{1 + static_cast<std::uint32_t>(below(300))}};
      default: return {.kind = ActorKind::token, .token = TokenIndex{any_lane(), below(1000)}};
    }
  }
  Actor own_actor() {
    return {.kind = ActorKind::client, .client = last_client_, .generation = SecretGeneration{1}};
  }
  Lane any_lane() { return static_cast<Lane>(below(kLaneCount)); }
  std::string text(std::uint64_t size_max) {
    std::string found;
    for (auto left = below(size_max + 1); left > 0; --left) found += "aAbBzZ-\xC3\xA4"[below(7)];
    return found;
  }

  // A small space, so that contents come back after their number meant something else.
  TokenClass any_class() {
    TokenClass token_class;
    token_class.client = ClientNumber{1 + static_cast<std::uint32_t>(below(kClients))};
    token_class.grant = GrantNumber{static_cast<std::uint32_t>(below(3))};
    token_class.key = KeyNumber{static_cast<std::uint32_t>(below(3))};
    std::uint32_t api = 0;
    for (std::size_t i = 0; i < below(4); ++i) {
      api += 1 + static_cast<std::uint32_t>(below(2));
      token_class.apis[i] = {ApiNumber{api}, below(4)};
    }
    return token_class;
  }

  TokenIssued issue() {
    TokenIssued issued;
    const auto lane = any_lane();
    // Indexes are reserved before signing, so they are not quite in order of issue; holes stay.
    auto& counter = counters_[static_cast<std::size_t>(lane)];
    counter += 1 + below(3);
    issued.index = TokenIndex{lane, below(10) == 0 ? counter + 1'000'000 : counter};
    issued.token_sha256.fill(static_cast<std::uint8_t>(below(256)));
    const auto number = 1 + static_cast<std::uint32_t>(below(kNumbers));
    issued.token_class = ClassNumber{number};
    if (!classes_.contains(number) || below(20) == 0) {
      auto made = any_class();
      while (std::ranges::any_of(classes_, [&](const auto& live) { return live.second == made; })) {
        made = any_class();
      }
      classes_[number] = made;
      issued.new_class = made;
    }
    last_client_ = classes_[number].client;
    const auto now = to_seconds(LedgerTime{time_ns_}).value();
    issued.issued_at = UnixSeconds{now - static_cast<std::uint32_t>(below(3))};
    issued.expires_at =
        UnixSeconds{issued.issued_at.value() + 1 + static_cast<std::uint32_t>(below(2'000))};
    issued.kind = any(TokenKind::jwe);
    issued.origin = any(Origin::embedded);
    if (below(4) == 0) issued.subject = SubjectNumber{static_cast<std::uint32_t>(1 + below(4))};
    if (has_users_ && issued.subject != SubjectNumber{}) issued.user = user_part();
    if (below(4) == 0) issued.name = "n" + text_label();
    // Sealed owners begin with the id of the owner's key.
    if (below(5) == 0) issued.owner.bytes = std::string(16, "ABC"[below(3)]) + text(40);
    if (below(30) == 0) issued.owner.bytes = text(15);
    if (below(8) == 0) issued.extra_fields.bytes = text(400);
    issued_.push_back(issued.index);
    return issued;
  }
  std::string text_label() {
    std::string found;
    for (auto left = below(8); left > 0; --left) found += "aAbBzZ"[below(6)];
    return found;
  }

  // Few numbers, so that each is used and ended many times.
  template <class Number>
  Number any_number(std::uint32_t last) {
    return Number{1 + static_cast<std::uint32_t>(below(last))};
  }
  UserPart user_part() {
    UserPart part;
    part.consent = any_number<ConsentNumber>(30);
    if (below(2) == 0) part.family = any_number<FamilyNumber>(90);
    part.auth_time = UnixSeconds{kStartSeconds};
    return part;
  }
  Payload end() {
    switch (below(8)) {
      case 0: return UserDisabled{any_number<UserNumber>(4), {text(60)}};
      case 1: return CodeReused{any_number<CodeNumber>(9), any_number<FamilyNumber>(90)};
      case 2: return CodeReused{any_number<CodeNumber>(9), FamilyNumber{}};
      case 3: return KeyRevoked{any_number<KeyNumber>(40), {text(60)}};
      case 4:
      case 5: return ConsentWithdrawn{any_number<ConsentNumber>(30), {text(60)}};
      default:
        return FamilyEnded{any_number<FamilyNumber>(90),
                           below(2) == 0 ? Cause::refresh_reuse : Cause::password_changed,
                           {text(60)}};
    }
  }

  Payload revoke() {
    const auto position = below(issued_.size());
    TokenRevoked revoked{issued_[position], any(kCauseLast), {text(60)}};
    issued_[position] = issued_.back();  // a token is revoked once
    issued_.pop_back();
    return revoked;
  }

  Payload other(Sequence seq) {
    const auto client = ClientNumber{1 + static_cast<std::uint32_t>(below(kClients))};
    switch (below(12)) {
      case 0: return ClientDisabled{client};
      case 1: return ClientEnabled{client};
      case 2: return ClientDeleted{client};
      case 3: return ApiDeleted{ApiNumber{1 + static_cast<std::uint32_t>(below(4))}};
      case 4: return ClientGrantRemoved{GrantNumber{1 + static_cast<std::uint32_t>(below(2))}};
      case 5: return selected({SelectorKind::key, 1 + static_cast<std::uint32_t>(below(2))}, seq);
      case 6: return selected({SelectorKind::api, 1 + static_cast<std::uint32_t>(below(5))}, seq);
      case 7:
        return below(20) == 0 ? Payload{selected({SelectorKind::all, 0}, seq)}
                              : Payload{ClientEnabled{client}};
      case 8:
        return selected({SelectorKind::client, 1 + static_cast<std::uint32_t>(below(kClients))},
                        seq);
      default: return NoteAppended{"topic", {text(30)}};
    }
  }
  TokensRevoked selected(Selector selector, Sequence seq) {
    return {selector, Sequence{1 + below(seq.value())}, any(kCascadeCauseLast), {text(60)}};
  }

  std::mt19937_64 random_;
  const bool has_users_;
  std::uint64_t seq_ = 0;
  std::uint64_t time_ns_ = std::uint64_t{kStartSeconds} * kNanosecondsPerSecond;
  std::array<std::uint64_t, kLaneCount> counters_{};
  std::map<std::uint32_t, TokenClass> classes_;
  ClientNumber last_client_;
  std::vector<TokenIndex> issued_;
};

// The same answers from vectors, by looking at everything.
class ModelViews {
 public:
  void apply(const Event& event) {
    if (const auto* issued = std::get_if<TokenIssued>(&event.payload)) {
      if (issued->new_class) classes_[issued->token_class] = *issued->new_class;
      TokenRow row;
      row.index = issued->index;
      row.issued_seq = event.seq;
      row.recorded_at = event.recorded_at;
      row.issued_at = issued->issued_at;
      row.expires_at = issued->expires_at;
      row.token_class = classes_.at(issued->token_class);
      row.kind = issued->kind;
      row.origin = issued->origin;
      row.subject = issued->subject;
      if (issued->user) row.binding = {issued->user->consent, issued->user->family};
      row.issued_by = event.actor;
      row.name = issued->name;
      row.owner = issued->owner;
      row.extra_fields = issued->extra_fields;
      tokens_.push_back(row);
    } else if (const auto* revoked = std::get_if<TokenRevoked>(&event.payload)) {
      for (auto& row : tokens_) {
        if (row.index != revoked->index) continue;
        row.own_revocation = {revoked->cause, event.actor, event.seq, event.recorded_at};
        row.own_reason = revoked->reason;
      }
    } else if (const auto cascade = cascade_of(event)) {
      cascades_.push_back(*cascade);
    }
  }

  [[nodiscard]] const std::vector<TokenRow>& tokens() const { return tokens_; }

  [[nodiscard]] StatusAnswer status_of(const TokenRow& row, Sequence at_seq,
                                       LedgerTime at_time) const {
    return status({row.issued_seq, row.expires_at, row.token_class, row.own_revocation, row.binding,
                   row.subject},
                  cascades_, at_seq, at_time);
  }

  // In the query's order; what was not known at as_of_seq is not in the rows.
  [[nodiscard]] std::vector<ListedToken> list(const ListQuery& query) const {
    std::vector<ListedToken> found;
    for (auto row = tokens_.rbegin(); row != tokens_.rend(); ++row) {
      if (row->issued_seq > query.as_of_seq) continue;
      if (query.client && row->token_class.client != *query.client) continue;
      if (query.subject && row->subject != *query.subject) continue;
      if (query.consent && row->binding.consent != *query.consent) continue;
      const auto answer = status_of(*row, query.as_of_seq, query.as_of_time);
      if (!query.revoked.is_open() &&
          (!answer.revocation || !query.revoked.contains(answer.revocation->at)))
        continue;
      if (query.status && answer.status != *query.status) continue;
      const auto& own = row->own_revocation;
      const bool is_deleted = own && own->cause == Cause::deleted && own->seq <= query.as_of_seq;
      if (is_deleted && !query.include_deleted) continue;
      auto& listed = found.emplace_back(*row, answer);
      if (row->own_revocation && row->own_revocation->seq > query.as_of_seq) {
        listed.row.own_revocation.reset();
        listed.row.own_reason = {};
      }
    }
    if (query.sort == ListSort::issued_ascending) std::ranges::reverse(found);
    const auto place = [](const ListedToken& token) {
      return std::pair{token.row.expires_at, token.row.index};
    };
    if (query.sort == ListSort::expires_ascending) std::ranges::sort(found, {}, place);
    if (query.sort == ListSort::expires_descending)
      std::ranges::sort(found, std::ranges::greater{}, place);
    return found;
  }

  [[nodiscard]] StatusTotals totals(Sequence at_seq, LedgerTime at_time) const {
    StatusTotals totals;
    for (const auto& row : tokens_) {
      if (row.issued_seq > at_seq) continue;
      ++totals.issued;
      const auto found = status_of(row, at_seq, at_time).status;
      totals.active += found == TokenStatus::active;
      totals.revoked += found == TokenStatus::revoked;
      totals.expired += found == TokenStatus::expired;
    }
    return totals;
  }

  [[nodiscard]] std::vector<std::pair<UnixSeconds, TokenIndex>> expiring(UnixSeconds from,
                                                                         UnixSeconds to) const {
    std::vector<std::pair<UnixSeconds, TokenIndex>> found;
    for (const auto& row : tokens_) {
      if (row.expires_at > from && row.expires_at <= to) {
        found.emplace_back(row.expires_at, row.index);
      }
    }
    std::ranges::sort(found);
    return found;
  }

 private:
  std::vector<TokenRow> tokens_;
  std::vector<Cascade> cascades_;
  std::map<ClassNumber, TokenClass> classes_;
};

class MemoryLog final : public EventLog {
 public:
  void add(const Event& event) {
    auto bytes = encode_event(event);
    EXPECT_TRUE(bytes) << event_kind_name(event.payload.index());
    events_.push_back(bytes ? *bytes : std::vector<std::uint8_t>{});
  }
  void damage(Sequence seq) { events_[seq.value() - 1].assign(5, 0xFF); }

  Result<void> append(Sequence, std::span<const std::span<const std::uint8_t>>) override {
    return Errc::io_error;
  }
  Result<Sequence> last_seq() const override { return Sequence{events_.size()}; }
  Result<std::vector<std::uint8_t>> get(Sequence seq) const override {
    return events_[seq.value() - 1];
  }
  std::optional<std::vector<std::uint8_t>> get_in_memory(Sequence) const override {
    return std::nullopt;
  }
  std::unique_ptr<LogReader> read(Sequence from, bool) const override {
    return std::make_unique<Reader>(events_, from);
  }
  Result<void> flush() override { return {}; }
  Result<void> truncate_after(Sequence, const std::filesystem::path&) override {
    return Errc::io_error;
  }
  Result<void> verify_files() const override { return {}; }
  std::uint64_t bytes_on_disk() const override { return 0; }
  Result<std::unique_ptr<LogCut>> cut() const override { return Errc::io_error; }

 private:
  class Reader final : public LogReader {
   public:
    Reader(const std::vector<std::vector<std::uint8_t>>& events, Sequence from)
        : events_{events}, end_{events.size()}, position_{from.value() - 1} {}
    Result<std::span<const std::uint8_t>> next() override {
      if (position_ >= end_) return std::span<const std::uint8_t>{};
      return std::span<const std::uint8_t>{events_[position_++]};
    }
    Sequence position() const override { return Sequence{position_}; }

   private:
    const std::vector<std::vector<std::uint8_t>>& events_;
    std::size_t end_;
    std::size_t position_;
  };
  std::vector<std::vector<std::uint8_t>> events_;
};

}  // namespace tokenledger::testing_support
