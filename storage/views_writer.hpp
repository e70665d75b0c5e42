// BatchBuilder: what one batch of events puts into the views.
//
// A function of the events and the tables, so the rows are the same however the log is cut into
// batches and whether they go into a live database or into files of a rebuild (INV-3). Only a
// revocation asks what stands in the views already. The writer's thread only.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/errc.hpp"
#include "core/event.hpp"
#include "storage/views_codec.hpp"
#include "storage/views_tables.hpp"

namespace tokenledger::views {

class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void put(std::string_view key, std::string_view value) = 0;
};

// A token that a revocation names.
struct KnownToken {
  Sequence seq;
  ClassEntry* entry = nullptr;
  TokenRowFacts facts;
};
// What the views held before the batch; nullopt: no such token.
using FindToken = std::function<Result<std::optional<KnownToken>>(TokenIndex)>;
using RememberToken = std::function<bool(TokenIndex)>;

class BatchBuilder {
 public:
  // `meta` and `tables` are as of the event before the first; both move along.
  // `remembers`: the tokens of this very batch whose revocation may come before its end; others are
  // looked for with `find`.
  BatchBuilder(Tables& tables, Meta& meta, RowSink& sink, FindToken find, RememberToken remembers)
      : tables_{tables},
        meta_{meta},
        sink_{sink},
        find_{std::move(find)},
        remembers_{std::move(remembers)} {}

  // log_corrupt: the event does not fit what came before; the batch is worthless then.
  [[nodiscard]] Result<void> add(const Event& event);
  // The rows that a batch writes once: counts and meta.
  void finish();
  // Tokens that this batch revoked one by one.
  [[nodiscard]] const std::vector<TokenIndex>& revoked() const noexcept { return revoked_; }
  // For a batch without end.
  // Nobody revokes them again, so they are remembered no longer; how many were.
  std::size_t forget_revoked();

 private:
  [[nodiscard]] Result<void> add_token(const Event& event, const TokenIssued& issued);
  void add_token_rows(const Event& event, const ClassEntry& entry, TokenRowFacts facts);
  void add_details_rows(const Event& event, const ClassEntry& entry, const TokenRowFacts& facts);
  [[nodiscard]] Result<void> add_revocation(const Event& event, const TokenRevoked& revoked);
  void add_deletion(Sequence seq, ClassEntry& entry);
  [[nodiscard]] Result<void> add_cascade(const Event& event, const Cascade& cascade);
  [[nodiscard]] Result<void> add_end(const CascadeRow& row);
  [[nodiscard]] ClassEntry* intern(const Event& event, const TokenIssued& issued);
  void touch(ClassEntry& entry);

  Tables& tables_;
  Meta& meta_;
  RowSink& sink_;
  const FindToken find_;
  const RememberToken remembers_;
  boost::unordered_flat_map<TokenIndex, KnownToken> remembered_;
  std::vector<ClassEntry*> touched_;
  std::vector<TokenIndex> revoked_;
  std::string row_;
};

}  // namespace tokenledger::views
