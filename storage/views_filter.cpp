#include "storage/views_filter.hpp"

#include <algorithm>

namespace tokenledger::views {
namespace {

bool takes_class(const ListQuery& query, const ClassContent& content) {
  if (query.client && content.token_class.client != *query.client) return false;
  if (query.origin && content.origin != *query.origin) return false;
  if (!query.apis) return true;
  return std::ranges::any_of(content.token_class.apis, [&](const ApiScopes& scopes) {
    return scopes.api != ApiNumber{} &&
           std::ranges::find(*query.apis, scopes.api) != query.apis->end();
  });
}

bool takes_times(const ListQuery& query, UnixSeconds expires_at) {
  return query.expires.contains(expires_at) && query.expired.contains(expires_at);
}

}  // namespace

bool RowTest::takes(const ClassEntry& entry) {
  if (&entry == last_class_) return takes_last_class_;
  const auto [found, is_new] = classes_.try_emplace(&entry, false);
  if (is_new) {
    const bool has_them = !query_.consent || entry.has_users();
    found->second = has_them && takes_class(query_, entry.content);
  }
  last_class_ = &entry;
  takes_last_class_ = found->second;
  return takes_last_class_;
}

Result<bool> RowTest::takes(const RowSource& row, Match& match) {
  if (row.seq() > query_.as_of_seq) return false;
  if (!takes(row.token_class())) return false;
  if (!takes_times(query_, row.facts().expires_at)) return false;
  if (!row.is_short()) {
    if (!query_.issued.contains(row.facts().issued_at)) return false;
  }
  // Short rows, too, say whose they are.
  if (query_.subject && row.facts().subject != *query_.subject) return false;
  if (query_.consent && row.facts().binding.consent != *query_.consent) return false;
  auto verdict = status_.decide(row);
  if (!verdict) return to_errc(verdict.error());
  if (!takes_verdict(*verdict)) return false;
  match.verdict = std::move(*verdict);
  match.facts = row.facts();
  match.details.clear();
  if (row.is_short()) {
    work_.random_read();
    const auto whole = read_token(database_, tables_, row.seq());
    if (!whole) return to_errc(whole.error());
    match.facts = whole->facts;
    if (!query_.issued.contains(match.facts.issued_at)) return false;
  }
  return takes_details(row, match);
}

bool RowTest::takes_verdict(const StatusScan::Verdict& verdict) const {
  const auto& answer = verdict.answer;
  if (answer.status == TokenStatus::unknown) return false;
  if (query_.status && answer.status != *query_.status) return false;
  if (!query_.expired.is_open() && answer.status != TokenStatus::expired) return false;
  if (!query_.revoked.is_open()) {
    if (!answer.revocation || !query_.revoked.contains(answer.revocation->at)) return false;
  }
  const bool is_deleted = verdict.own && verdict.own->revocation.cause == Cause::deleted;
  return query_.include_deleted || !is_deleted;
}

bool RowTest::is_text_match(const RowSource& row) const {
  const auto& text = *query_.text;
  if (text.index && *text.index == row.facts().index) return true;
  return std::ranges::binary_search(text.clients, row.token_class().token_class.client);
}

Result<bool> RowTest::takes_details(const RowSource& row, Match& match) const {
  const bool wants_name = query_.text && !is_text_match(row);
  if (!wants_name && !query_.owner) return true;
  if (!match.facts.has_details) return false;
  work_.random_read();
  auto bytes = read_details(database_, row.seq());
  if (!bytes) return to_errc(bytes.error());
  match.details = std::move(*bytes);
  const auto details = decode_details(match.details);
  if (!details) return Errc::view_corrupt;
  if (query_.owner && owner_handle(Sealed{std::string{details->owner}}) != query_.owner)
    return false;
  return !wants_name || (!details->name.empty() &&
                         fold_name(details->name).starts_with(fold_name(query_.text->name_prefix)));
}

}  // namespace tokenledger::views
