// BatchBuilder: what one batch of events puts into the views.
//
// A function of the events and the tables, so the rows are the same however the log is cut into
// batches and whether they go into a live database or into files of a rebuild (INV-3). Reads no
// RocksDB. The writer's thread only.
#pragma once

#include <cstdint>
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

class BatchBuilder {
 public:
  // `meta` and `tables` are as of the event before the first; both move along.
  BatchBuilder(Tables& tables, Meta& meta, RowSink& sink)
      : tables_{tables}, meta_{meta}, sink_{sink} {}

  // log_corrupt: the event does not fit what came before; the batch is worthless then.
  [[nodiscard]] Result<void> add(const Event& event);
  // The rows that a batch writes once: counts and meta.
  void finish();
  // Tokens that this batch revoked one by one.
  [[nodiscard]] const std::vector<TokenIndex>& revoked() const noexcept { return revoked_; }

 private:
  [[nodiscard]] Result<void> add_token(const Event& event, const TokenIssued& issued);
  void add_revocation(const Event& event, const TokenRevoked& revoked);
  void add_cascade(const Event& event, const Cascade& cascade);
  [[nodiscard]] ClassEntry* intern(const Event& event, const TokenIssued& issued);

  Tables& tables_;
  Meta& meta_;
  RowSink& sink_;
  std::vector<ClassEntry*> touched_;
  std::vector<TokenIndex> revoked_;
  std::string row_;
};

}  // namespace tokenledger::views
