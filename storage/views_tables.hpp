// Tables: the small part of the views that every query needs, in memory: classes, cascades and
// moments.
//
// One writer, any number of readers. What is handed out by pointer is never moved or removed before
// clear().
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/ended_bits.hpp"
#include "core/status.hpp"
#include "storage/views_codec.hpp"

namespace tokenledger::views {

inline constexpr std::uint64_t kMarkStride = 256;  // tokens per mark: 12 bytes of memory

// A Spread that only grows. The writer widens it before a batch's rows can be seen, so a reader's
// copy covers every row that it may meet.
class SharedSpread {
 public:
  void widen(const Spread& by, bool is_first) noexcept;
  [[nodiscard]] Spread load() const noexcept;

 private:
  std::atomic<std::int64_t> lag_min_{0}, lag_max_{0}, life_min_{0}, life_max_{0};
};

struct ClassEntry {
  ClassEntry(Sequence class_id, const ClassContent& what)
      : id{class_id}, content{what}, token_class{content.token_class} {}
  ClassEntry(const ClassEntry&) = delete;
  ClassEntry& operator=(const ClassEntry&) = delete;
  const Sequence id;
  const ClassContent content;
  const TokenClass& token_class;
  SharedSpread spread;

  // The writer counts one more token.
  void count(Sequence issued_seq) noexcept {
    newest_.store(issued_seq.value(), std::memory_order_relaxed);
    issued_.store(issued_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  // .. and one more that was deleted; returns how many there are now.
  std::uint64_t count_deleted() noexcept {
    return deleted_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  void count_user() noexcept { users_.fetch_add(1, std::memory_order_relaxed); }
  void restore(const ClassCount& count) noexcept {
    spread.widen(count.spread, true);
    deleted_.store(count.deleted, std::memory_order_relaxed);
    users_.store(count.users, std::memory_order_relaxed);
    newest_.store(count.newest.value(), std::memory_order_relaxed);
    issued_.store(count.issued, std::memory_order_release);
  }
  [[nodiscard]] ClassCount counted() const noexcept {
    return {issued(), newest(), deleted(), users_.load(std::memory_order_relaxed), spread.load()};
  }
  [[nodiscard]] std::uint64_t issued() const noexcept {
    return issued_.load(std::memory_order_acquire);
  }
  // At least the seq of the newest token that a query at or below the cursor may see; 0: none.
  // Loaded after issued(): while it is not beyond a seq, issued() was the count up to that seq.
  [[nodiscard]] Sequence newest() const noexcept {
    return Sequence{newest_.load(std::memory_order_relaxed)};
  }
  // At least as many as a query at or below the cursor may see.
  [[nodiscard]] std::uint64_t deleted() const noexcept {
    return deleted_.load(std::memory_order_relaxed);
  }

  // True when a query at or below the cursor may see a token of a user here.
  [[nodiscard]] bool has_users() const noexcept {
    return users_.load(std::memory_order_relaxed) != 0;
  }

  bool touched = false;  // the writer's: changed by the batch it is building

 private:
  std::atomic<std::uint64_t> issued_{0};
  std::atomic<std::uint64_t> newest_{0};
  std::atomic<std::uint64_t> deleted_{0};
  std::atomic<std::uint64_t> users_{0};
};

// What the ledger's class number means, and the views' classes below it.
struct LedgerClass {
  TokenClass token_class;
  boost::unordered_flat_map<std::uint16_t, ClassEntry*> entries;  // by origin and lifetime bucket
};

// Seqs from first to last, both included; empty when first > last.
struct SeqRange {
  Sequence first{1};
  Sequence last;
  [[nodiscard]] bool is_empty() const noexcept { return first > last; }
  [[nodiscard]] SeqRange operator&(const SeqRange& other) const noexcept {
    return {std::max(first, other.first), std::min(last, other.last)};
  }
};

// From the first to the last event that ended a consent, a family or a user.
struct EndsSpan {
  LedgerTime first_at;
  Sequence last;
};

class Tables {
 public:
  // --- the writer ---
  // What the ledger's number means now; nullptr: nothing yet.
  [[nodiscard]] LedgerClass* class_of(ClassNumber number) noexcept;
  LedgerClass& set_number(ClassNumber number, const TokenClass& token_class);
  // nullptr: none yet.
  [[nodiscard]] static ClassEntry* find(const LedgerClass& ledger_class, Origin origin,
                                        std::uint8_t lifetime_bucket);
  // nullptr when id or content is there already.
  ClassEntry* add_class(Sequence class_id, const ClassContent& content);
  void widen(const Spread& spread);
  void add_mark(Sequence seq, UnixSeconds recorded_at);
  void add_cascade(const Cascade& cascade);
  // Of a consent, family or user. False, and nothing changed: no such number can be.
  [[nodiscard]] bool add_end(const Cascade& end);
  void clear();

  // --- readers, and the writer ---
  // nullptr: no such class.
  [[nodiscard]] const ClassEntry* find(Sequence class_id) const;
  [[nodiscard]] ClassEntry* find(Sequence class_id);
  // Classes by what they have in common; nullopt: more than count_max, so that no query pays for a
  // client that changed its scopes with every token.
  [[nodiscard]] std::optional<std::vector<const ClassEntry*>> of_client(
      ClientNumber client, std::size_t count_max) const;
  // Of all these APIs, each class once.
  [[nodiscard]] std::optional<std::vector<const ClassEntry*>> of_apis(
      const std::vector<ApiNumber>& apis, std::size_t count_max) const;
  [[nodiscard]] std::optional<std::vector<const ClassEntry*>> all(std::size_t count_max) const;
  [[nodiscard]] std::size_t class_count() const;
  // Cascades that may end tokens of the class, as of the prefix that ends with `upto`.
  [[nodiscard]] std::vector<Cascade> cascades_of(const TokenClass& token_class,
                                                 Sequence upto) const;
  [[nodiscard]] bool has_cascades() const;
  // False: no consent, family or user of this number ended up to the cursor. Wait-free; 0 never
  // did.
  [[nodiscard]] bool may_have_ended(const Selector& selector) const noexcept {
    return ended_->of(selector.kind).test(selector.id);
  }
  // At least those that a query at or below the cursor may see; nullopt: there are none.
  [[nodiscard]] std::optional<EndsSpan> ends() const;
  // Of all classes together.
  [[nodiscard]] Spread spread() const noexcept { return spread_.load(); }
  // A range that holds every issue event recorded in a second of [from, to], and at most some
  // kMarkStride tokens more at each end.
  [[nodiscard]] SeqRange issued_between(std::int64_t from, std::int64_t to) const;
  // About how many tokens were issued in the range.
  [[nodiscard]] std::uint64_t about(const SeqRange& range) const;

 private:
  struct Mark {
    Sequence seq;
    std::uint32_t recorded_at = 0;
  };

  mutable std::shared_mutex mutex_;  // writers hold it only for changes
  std::deque<ClassEntry> classes_;
  std::deque<LedgerClass> ledger_classes_;
  boost::unordered_flat_map<std::uint64_t, ClassEntry*> by_id_;
  boost::unordered_flat_map<std::uint32_t, std::vector<const ClassEntry*>> by_client_;
  boost::unordered_flat_map<std::uint32_t, std::vector<const ClassEntry*>> by_api_;
  CascadeHistory cascades_;
  struct Ended {
    EndedBits consents;
    EndedBits families;
    EndedBits users;
    [[nodiscard]] EndedBits& of(SelectorKind kind) noexcept {
      if (kind == SelectorKind::consent) return consents;
      return kind == SelectorKind::family ? families : users;
    }
  };
  std::unique_ptr<Ended> ended_ = std::make_unique<Ended>();
  std::optional<EndsSpan> ends_;
  std::deque<Mark> marks_;
  SharedSpread spread_;
  bool has_spread_ = false;
  // The writer's.
  boost::unordered_flat_map<std::string, LedgerClass*> by_content_;
  std::vector<LedgerClass*> by_number_;

  [[nodiscard]] LedgerClass& ledger_class_of(const TokenClass& token_class);
};

}  // namespace tokenledger::views
