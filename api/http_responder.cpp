#include "api/http_responder.hpp"

#include "core/invariant.hpp"

namespace tokenledger {

void ResponseMailbox::push(Completion completion) {
  const std::lock_guard lock{mutex_};
  if (!wake_) return;
  const bool was_empty = completions_.empty() && readable_.empty();
  completions_.push_back(std::move(completion));
  if (was_empty) wake_();
}

void ResponseMailbox::push_readable(std::uint64_t connection) {
  const std::lock_guard lock{mutex_};
  if (!wake_) return;
  const bool was_empty = completions_.empty() && readable_.empty();
  readable_.push_back(connection);
  if (was_empty) wake_();
}

void ResponseMailbox::take(std::vector<Completion>* completions,
                           std::vector<std::uint64_t>* readable) {
  completions->clear();
  readable->clear();
  const std::lock_guard lock{mutex_};
  completions_.swap(*completions);
  readable_.swap(*readable);
}

void ResponseMailbox::close() {
  const std::lock_guard lock{mutex_};
  wake_ = nullptr;
  completions_.clear();
  readable_.clear();
}

void Responder::respond(HttpResponse response) {
  LEDGER_INVARIANT(mailbox_ != nullptr);
  if (!client_id_.empty()) response.client_id = std::move(client_id_);
  const auto mailbox = std::move(mailbox_);
  mailbox->push({connection_, slot_, std::move(response)});
}

Responder::~Responder() {
  if (mailbox_) mailbox_->push({connection_, slot_, HttpResponse{.status = 500}});
}

}  // namespace tokenledger
