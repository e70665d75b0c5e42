// Tables: the small part of the views that every query needs, in memory: classes and cascades.
//
// One writer, any number of readers. What is handed out by pointer is never moved or removed before
// clear().
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/status.hpp"

namespace tokenledger::views {

struct ClassEntry {
  ClassEntry(Sequence class_id, const TokenClass& content) : id{class_id}, token_class{content} {}
  const Sequence id;
  const TokenClass token_class;

  // The writer counts one more token.
  void count(Sequence issued_seq) noexcept {
    newest_.store(issued_seq.value(), std::memory_order_relaxed);
    issued_.store(issued_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  void restore(std::uint64_t issued, Sequence newest) noexcept {
    newest_.store(newest.value(), std::memory_order_relaxed);
    issued_.store(issued, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t issued() const noexcept {
    return issued_.load(std::memory_order_acquire);
  }
  // At least the seq of the newest token that a query at or below the cursor may see; 0: none.
  // Loaded after issued(): while it is not beyond a seq, issued() was the count up to that seq.
  [[nodiscard]] Sequence newest() const noexcept {
    return Sequence{newest_.load(std::memory_order_relaxed)};
  }

  bool touched = false;  // the writer's: changed by the batch it is building

 private:
  std::atomic<std::uint64_t> issued_{0};
  std::atomic<std::uint64_t> newest_{0};
};

class Tables {
 public:
  // --- the writer ---
  // The class that the ledger's number means now; nullptr: none.
  [[nodiscard]] ClassEntry* class_of(ClassNumber number) noexcept;
  // The class of this content; nullptr: none yet.
  [[nodiscard]] ClassEntry* find_content(const TokenClass& token_class);
  // Requires that neither id nor content is there yet.
  ClassEntry& add_class(Sequence class_id, const TokenClass& token_class);
  void set_number(ClassNumber number, ClassEntry& entry);
  void add_cascade(const Cascade& cascade);
  void clear();

  // --- readers, and the writer ---
  // nullptr: no such class.
  [[nodiscard]] const ClassEntry* find(Sequence class_id) const;
  [[nodiscard]] ClassEntry* find(Sequence class_id);
  [[nodiscard]] std::vector<const ClassEntry*> of_client(ClientNumber client) const;
  // Cascades that may end tokens of the class, as of the prefix that ends with `upto`.
  [[nodiscard]] std::vector<Cascade> cascades_of(const TokenClass& token_class,
                                                 Sequence upto) const;

 private:
  mutable std::shared_mutex mutex_;  // writers hold it only for changes
  std::deque<ClassEntry> classes_;
  boost::unordered_flat_map<std::uint64_t, ClassEntry*> by_id_;
  boost::unordered_flat_map<std::string, ClassEntry*> by_content_;
  boost::unordered_flat_map<std::uint32_t, std::vector<const ClassEntry*>> by_client_;
  CascadeHistory cascades_;
  std::vector<ClassEntry*> by_number_;  // the writer's
};

}  // namespace tokenledger::views
