// Every filter of a list, every pair and every triple of them, against a model of plain numbers
// that looks at everything and shares no code with the views; all pages are walked while the ledger
// changes (D04, Z15, Z16, Z24, Z25, C2, C3).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/storage/temporary_directory.hpp"
#include "tests/storage/views_history.hpp"

namespace tokenledger {
namespace {

using testing_support::RandomHistory;
using testing_support::TemporaryDirectory;
using Number = std::uint64_t;

constexpr std::size_t kTokensMax = 2'000;
constexpr Number kNs = 1'000'000'000;

// --- the model: facts as plain numbers ---

struct End {
  Number seq, at, before;
  int selector;  // 0: this token alone; else as SelectorKind
  Number id;
  bool deletes;
};
struct Token {
  Number index, seq, iat, exp, client, grant, key, subject;
  std::vector<Number> apis;
  int origin;
  std::string name, owner;
  std::vector<End> own;
};
struct Model {
  std::vector<Token> tokens;  // by seq
  std::map<Number, std::size_t> by_index;
  std::map<Number, TokenClass> classes;
  std::vector<End> cascades;

  void see(const Event& event) {
    const Number seq = event.seq.value();
    const Number at = event.recorded_at.value();
    const auto cascade = [&](int kind, Number id, Number before) {
      cascades.push_back({seq, at, before, kind, id, false});
    };
    if (const auto* e = std::get_if<TokenIssued>(&event.payload)) {
      if (e->new_class) classes[e->token_class.value()] = *e->new_class;
      const auto& in = classes.at(e->token_class.value());
      Token token{e->index.value(),
                  seq,
                  e->issued_at.value(),
                  e->expires_at.value(),
                  in.client.value(),
                  in.grant.value(),
                  in.key.value(),
                  e->subject.value(),
                  {},
                  static_cast<int>(e->origin),
                  e->name,
                  e->owner.bytes,
                  {}};
      for (const auto& api : in.apis) {
        if (api.api.value() != 0) token.apis.push_back(api.api.value());
      }
      by_index[token.index] = tokens.size();
      tokens.push_back(token);
    } else if (const auto* revoked = std::get_if<TokenRevoked>(&event.payload)) {
      tokens[by_index.at(revoked->index.value())].own.push_back(
          {seq, at, 0, 0, 0, revoked->cause == Cause::deleted});
    } else if (const auto* disabled = std::get_if<ClientDisabled>(&event.payload)) {
      cascade(1, disabled->client.value(), seq);
    } else if (const auto* deleted = std::get_if<ClientDeleted>(&event.payload)) {
      cascade(1, deleted->client.value(), seq);
    } else if (const auto* api = std::get_if<ApiDeleted>(&event.payload)) {
      cascade(2, api->api.value(), seq);
    } else if (const auto* grant = std::get_if<ClientGrantRemoved>(&event.payload)) {
      cascade(3, grant->grant.value(), seq);
    } else if (const auto* many = std::get_if<TokensRevoked>(&event.payload)) {
      cascade(static_cast<int>(many->selector.kind), many->selector.id, many->before.value());
    }
  }

  static bool hits(const End& end, const Token& token) {
    if (end.selector == 0) return true;
    if (token.seq >= end.before) return false;
    switch (end.selector) {
      case 1: return token.client == end.id;
      case 2: return std::ranges::find(token.apis, end.id) != token.apis.end();
      case 3: return token.grant == end.id;
      case 4: return token.key == end.id;
      default: return true;
    }
  }
  // 'u'nknown, 'a'ctive, 'r'evoked, 'e'xpired; and when it was revoked.
  std::pair<char, Number> status(const Token& token, Number seq, Number at) const {
    if (token.seq > seq) return {'u', 0};
    const End* first = nullptr;
    const auto consider = [&](const End& end) {
      const bool counts = end.seq <= seq && end.at <= at && end.at / kNs < token.exp &&
                          hits(end, token) && (first == nullptr || end.seq < first->seq);
      if (counts) first = &end;
    };
    std::ranges::for_each(token.own, consider);
    std::ranges::for_each(cascades, consider);
    if (first != nullptr) return {'r', first->at};
    return {at / kNs >= token.exp ? 'e' : 'a', 0};
  }
};

// --- a query in plain values ---

enum Filter : unsigned {
  kClient,
  kText,
  kStatus,
  kIssued,
  kExpires,
  kExpired,
  kRevoked,
  kOwner,
  kSubject,
  kApi,
  kOrigin,
  kFilters
};
constexpr const char* kFilterNames[] = {"client",  "q",       "status",  "issued",
                                        "expires", "expired", "revoked", "owner",
                                        "subject", "api",     "origin"};
struct Range {
  std::optional<Number> from, to;
  bool holds(Number x) const { return (!from || x >= *from) && (!to || x < *to); }
};
struct Query {
  std::set<unsigned> filters;
  Number client = 0, subject = 0, seq = 0, at = 0;
  std::set<Number> text_clients, apis;
  std::string prefix, owner;
  std::optional<Number> text_index;
  char status = 'a';
  int origin = 1, sort = 1;
  Range issued, expires, expired, revoked;
  bool with_deleted = false;

  bool has(unsigned filter) const { return filters.contains(filter); }
  std::string text() const {
    std::string all;
    for (const auto filter : filters) all += std::string{kFilterNames[filter]} + ' ';
    return all + "sort " + std::to_string(sort) + " as of " + std::to_string(seq);
  }
};

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

bool fits(const Model& model, const Query& q, const Token& t) {
  const auto [status, revoked_at] = model.status(t, q.seq, q.at);
  if (status == 'u') return false;
  const bool is_deleted =
      std::ranges::any_of(t.own, [&](const End& end) { return end.deletes && end.seq <= q.seq; });
  if (is_deleted && !q.with_deleted) return false;
  if (q.has(kClient) && t.client != q.client) return false;
  if (q.has(kStatus) && status != q.status) return false;
  if (q.has(kIssued) && !q.issued.holds(t.iat)) return false;
  if (q.has(kExpires) && !q.expires.holds(t.exp)) return false;
  if (q.has(kExpired) && (status != 'e' || !q.expired.holds(t.exp))) return false;
  if (q.has(kRevoked) && (status != 'r' || !q.revoked.holds(revoked_at))) return false;
  if (q.has(kOwner) && (t.owner.size() < 16 || t.owner.substr(0, 16) != q.owner)) return false;
  if (q.has(kSubject) && t.subject != q.subject) return false;
  if (q.has(kOrigin) && t.origin != q.origin) return false;
  if (q.has(kApi) && std::ranges::none_of(t.apis, [&](Number a) { return q.apis.contains(a); }))
    return false;
  if (!q.has(kText)) return true;
  return q.text_clients.contains(t.client) || t.index == q.text_index ||
         (!t.name.empty() && lower(t.name).starts_with(lower(q.prefix)));
}

std::vector<const Token*> answer(const Model& model, const Query& q) {
  std::vector<const Token*> found;
  for (const auto& token : model.tokens) {
    if (fits(model, q, token)) found.push_back(&token);
  }
  std::ranges::sort(found, [&](const Token* a, const Token* b) {
    const auto key = [&](const Token* t) {
      return q.sort >= 3 ? std::pair{t->exp, t->index} : std::pair{t->seq, Number{0}};
    };
    return q.sort % 2 == 1 ? key(a) > key(b) : key(a) < key(b);
  });
  return found;
}

// --- to the product's query ---

template <class Time>
TimeRange<Time> product(const Range& range) {
  const auto one = [](std::optional<Number> x) {
    using Value = decltype(Time{}.value());
    return x ? std::optional{Time{static_cast<Value>(*x)}} : std::nullopt;
  };
  return {one(range.from), one(range.to)};
}

ListQuery product(const Query& q) {
  ListQuery query{.include_deleted = q.with_deleted,
                  .sort = static_cast<ListSort>(q.sort),
                  .as_of_seq = Sequence{q.seq},
                  .as_of_time = LedgerTime{q.at}};
  if (q.has(kClient)) query.client = ClientNumber{static_cast<std::uint32_t>(q.client)};
  if (q.has(kStatus))
    query.status = q.status == 'a'   ? TokenStatus::active
                   : q.status == 'r' ? TokenStatus::revoked
                                     : TokenStatus::expired;
  if (q.has(kIssued)) query.issued = product<UnixSeconds>(q.issued);
  if (q.has(kExpires)) query.expires = product<UnixSeconds>(q.expires);
  if (q.has(kExpired)) query.expired = product<UnixSeconds>(q.expired);
  if (q.has(kRevoked)) query.revoked = product<LedgerTime>(q.revoked);
  if (q.has(kOwner)) {
    query.owner.emplace();
    std::ranges::copy(q.owner, query.owner->begin());
  }
  if (q.has(kSubject)) query.subject = SubjectNumber{static_cast<std::uint32_t>(q.subject)};
  if (q.has(kOrigin)) query.origin = static_cast<Origin>(q.origin);
  if (q.has(kApi)) {
    query.apis.emplace();
    for (const auto api : q.apis) query.apis->emplace_back(static_cast<std::uint32_t>(api));
  }
  if (q.has(kText)) {
    query.text.emplace();
    for (const auto client : q.text_clients)
      query.text->clients.emplace_back(static_cast<std::uint32_t>(client));
    query.text->name_prefix = q.prefix;
    if (q.text_index) query.text->index = TokenIndex::from_value(*q.text_index);
  }
  return query;
}

// --- the test ---

class ListFilter : public testing::Test {
 protected:
  void start(std::uint64_t seed, const ListBounds& bounds) {
    views.reset();
    directory.emplace();
    history.emplace(seed);
    model = {};
    auto opened =
        Views::open({*directory / "views", make_posix_file_layer(), {1, 2, 3}, false, bounds});
    ASSERT_TRUE(opened) << opened.error().message();
    views = std::move(*opened);
  }
  void grow(std::size_t count) {
    while (count > 0) {
      const auto events = history->next(1 + history->below(std::min<std::size_t>(count, 200)));
      ASSERT_TRUE(views->apply(events));
      for (const auto& event : events) model.see(event);
      count -= events.size();
    }
  }
  Number below(Number bound) { return history->below(bound); }

  // A range that often ends or begins exactly at x, or one second beside it.
  Range around(Number x, Number unit) {
    Range range;
    if (below(4) != 0) range.from = x - below(3) * (below(2) == 0 ? 1 : below(300) * unit);
    if (below(4) != 0 || !range.from) range.to = x + below(2) + below(3) * below(300) * unit;
    return range;
  }
  // Values that some token has; with one query in five those of several.
  Query ask(const std::set<unsigned>& filters) {
    Query q;
    q.filters = filters;
    q.seq = views->cursor().value();
    if (below(3) == 0) q.seq = 1 + below(q.seq);
    q.at = history->now().value() + (below(3) == 0 ? below(600) * kNs : 0);
    q.sort = static_cast<int>(1 + below(4));
    q.with_deleted = below(3) == 0;
    const auto* w = witness(q);
    for (const auto filter : filters) {
      if (below(20) == 0) w = &model.tokens[below(model.tokens.size())];
      say(q, filter, *w);
    }
    return q;
  }
  // One that is revoked or expired, when the filters ask for that.
  const Token* witness(const Query& q) {
    const Token* token = nullptr;
    for (int tries = 0; tries < 200; ++tries) {
      token = &model.tokens[below(model.tokens.size())];
      const auto status = model.status(*token, q.seq, q.at).first;
      const bool fits_times = (!q.has(kExpired) || status == 'e') &&
                              (!q.has(kRevoked) || status == 'r') && status != 'u';
      const bool fits_texts =
          (!q.has(kOwner) || token->owner.size() >= 16) && (!q.has(kApi) || !token->apis.empty());
      if (fits_times && fits_texts) break;
    }
    return token;
  }
  void say(Query& q, unsigned filter, const Token& w) {
    const auto [status, revoked_at] = model.status(w, q.seq, q.at);
    switch (filter) {
      case kClient: q.client = w.client; break;
      case kStatus: q.status = status == 'u' ? 'a' : status; break;
      case kIssued: q.issued = around(w.iat, 1); break;
      case kExpires: q.expires = around(w.exp, 1); break;
      case kExpired: q.expired = around(w.exp, 1); break;
      case kRevoked: q.revoked = around(revoked_at == 0 ? q.at : revoked_at, kNs); break;
      case kOwner:
        q.owner = w.owner.size() >= 16 ? w.owner.substr(0, 16) : std::string(16, 'A');
        break;
      case kSubject: q.subject = w.subject; break;
      case kOrigin: q.origin = w.origin; break;
      case kApi:
        q.apis.insert(w.apis.empty() ? 1 : w.apis[below(w.apis.size())]);
        if (below(4) == 0) q.apis.insert(1 + below(6));
        break;
      case kText:
        q.prefix = w.name.empty() ? "nobody" : w.name.substr(0, 1 + below(3));
        if (below(2) == 0) q.prefix = w.name.empty() ? "N" : lower(w.name);
        if (below(3) == 0 || w.name.empty()) q.text_clients = {w.client, 1 + below(7)};
        if (below(3) == 0) q.text_index = w.index;
        break;
      default: break;
    }
  }

  void compare(const Query& q) {
    const auto want = answer(model, q);
    std::vector<Number> wanted;
    for (const auto* token : want) wanted.push_back(token->index);
    auto query = product(q);
    // Several pages, most often, but not very many.
    query.limit = static_cast<std::uint32_t>(1 + wanted.size() / 6 + below(10));
    std::vector<Number> seen;
    for (std::size_t pages = 0; pages < 20'000; ++pages) {
      const auto page = views->list(query);
      ASSERT_TRUE(page) << page.error().message();
      ASSERT_LE(page->tokens.size(), query.limit);
      if (page->total_is_lower_bound) {
        ++lower_bounds;
        ASSERT_LE(page->total, wanted.size()) << q.text();
      } else {
        ASSERT_EQ(page->total, query.count_total ? wanted.size() : 0) << q.text();
      }
      empty_pages += page->tokens.empty() && page->next;
      for (const auto& listed : page->tokens) seen.push_back(listed.row.index.value());
      ++pages_walked;
      if (!page->next) break;
      query.after = page->next;
      query.count_total = below(4) == 0;
      if (below(8) == 0 && model.tokens.size() < kTokensMax) grow(1 + below(20));
    }
    ASSERT_EQ(seen, wanted) << q.text();
    ++queries;
    non_empty += !wanted.empty();
  }

  // Every set of at most three filters, once.
  void try_all() {
    compare(ask({}));
    for (unsigned a = 0; a < kFilters && !HasFatalFailure(); ++a) {
      compare(ask({a}));
      for (unsigned b = a + 1; b < kFilters && !HasFatalFailure(); ++b) {
        compare(ask({a, b}));
        for (unsigned c = b + 1; c < kFilters && !HasFatalFailure(); ++c) compare(ask({a, b, c}));
      }
    }
  }

  std::optional<TemporaryDirectory> directory;
  std::optional<RandomHistory> history;
  Model model;
  std::unique_ptr<Views> views;
  Number queries = 0, non_empty = 0, pages_walked = 0, empty_pages = 0, lower_bounds = 0;
};

TEST_F(ListFilter, EverySetOfUpToThreeFiltersAnswersLikeBruteForceWhileTheLedgerChanges_D04) {
  const char* const given = std::getenv("TOKENLEDGER_TEST_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("TOKENLEDGER_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  const ListBounds small{.scan_rows_max = 250,
                         .count_rows_max = 1'500,
                         .merge_classes_max = 6,
                         .plan_classes_max = 100'000,
                         .gather_rows_max = 60,
                         .gather_revocations_max = 10};
  auto blind = small;
  blind.plan_classes_max = 3;
  for (std::uint64_t round = 0; round < 8 && !HasFatalFailure(); ++round) {
    start(seed + round, round % 4 == 1 ? small : round % 4 == 3 ? blind : ListBounds{});
    grow(200 + below(1'000));
    try_all();
  }
  ASSERT_FALSE(HasFatalFailure()) << "again: TOKENLEDGER_TEST_SEED=" << seed;
  std::printf(
      "%llu queries, %llu non-empty, %llu pages, %llu empty pages with a position, "
      "%llu lower bounds\n",
      static_cast<unsigned long long>(queries), static_cast<unsigned long long>(non_empty),
      static_cast<unsigned long long>(pages_walked), static_cast<unsigned long long>(empty_pages),
      static_cast<unsigned long long>(lower_bounds));
  EXPECT_GT(non_empty * 2, queries);
  EXPECT_GT(empty_pages, 0u);
  EXPECT_GT(lower_bounds, 0u);
}

}  // namespace
}  // namespace tokenledger
