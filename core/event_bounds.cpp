#include "core/event_bounds.hpp"

#include <algorithm>

#include "core/decider.hpp"  // is_label
#include "core/token_list.hpp"

namespace tokenledger {
namespace {

constexpr std::uint8_t kGrantTypesAll = static_cast<std::uint8_t>(GrantType::client_credentials) |
                                        static_cast<std::uint8_t>(GrantType::authorization_code) |
                                        static_cast<std::uint8_t>(GrantType::refresh_token) |
                                        static_cast<std::uint8_t>(GrantType::implicit);

// The answers of one check; the first failure wins.
class Verdict {
 public:
  void require(bool holds) { fail_unless(holds, Errc::invalid_argument); }
  void require_size(std::size_t size, std::size_t size_max) {
    fail_unless(size <= size_max, Errc::too_large);
  }
  void require_version(std::uint32_t version) {
    require(version != 0);
    fail_unless(version <= kFormatVersion, Errc::unsupported_format);
  }
  void refuse_format() { fail_unless(false, Errc::unsupported_format); }
  template <class Number>
  void require_number(Number number) {
    require(number != Number{});
  }
  // Enum values start at 1.
  template <class Enum>
  void require_enum(Enum value, Enum last) {
    const auto number = static_cast<std::uint8_t>(value);
    require(number >= 1 && number <= static_cast<std::uint8_t>(last));
  }
  void require_text(std::string_view text, std::size_t bytes_max) {
    require_size(text.size(), bytes_max);
    if (ok_ && !text.empty()) require(is_label(text, bytes_max));
  }
  void require_name(std::string_view text, std::size_t bytes_max) {
    require(!text.empty());
    require_text(text, bytes_max);
  }
  void require_sealed(const Sealed& sealed) { require_size(sealed.bytes.size(), kSealedBytesMax); }
  void require_counters(const std::array<std::uint64_t, kLaneCount>& counters) {
    for (const auto counter : counters) require(counter <= TokenIndex::kCounterMax);
  }

  [[nodiscard]] Result<void> result() const {
    if (ok_) return {};
    return error_;
  }

 private:
  void fail_unless(bool holds, Errc error) {
    if (holds || !ok_) return;
    ok_ = false;
    error_ = error;
  }

  bool ok_ = true;
  Errc error_ = Errc::invalid_argument;
};

void check(Verdict& verdict, const Event&, const LedgerCreated& payload) {
  verdict.require_text(payload.issuer, kIdentifierBytesMax);
}
void check(Verdict& verdict, const Event&, const LedgerOpened& payload) {
  verdict.require_counters(payload.lane_start);
}
void check(Verdict& verdict, const Event&, const FormatActivated& payload) {
  verdict.require_version(payload.version);
}

void check(Verdict& verdict, const ClientSettings& settings) {
  verdict.require_text(settings.name, kLabelBytesMax);
  verdict.require((settings.grant_types & ~kGrantTypesAll) == 0);
  verdict.require_size(settings.redirect_uris.size(), kRedirectUrisMax);
  for (const auto& uri : settings.redirect_uris) verdict.require_name(uri, kRedirectUriBytesMax);
  if (settings.token_format) verdict.require_enum(*settings.token_format, TokenKind::jwe);
  verdict.require(settings.live_tokens_max <= kLiveTokensPerClientMax);
}
void check(Verdict& verdict, const Event&, const ClientRegistered& payload) {
  verdict.require_number(payload.client);
  verdict.require_name(payload.client_id, kLabelBytesMax);
  check(verdict, payload.settings);
}
void check(Verdict& verdict, const Event&, const ClientUpdated& payload) {
  verdict.require_number(payload.client);
  check(verdict, payload.settings);
}
void check(Verdict& verdict, const Event&, const ClientDisabled& payload) {
  verdict.require_number(payload.client);
}
void check(Verdict& verdict, const Event&, const ClientEnabled& payload) {
  verdict.require_number(payload.client);
}
void check(Verdict& verdict, const Event&, const ClientDeleted& payload) {
  verdict.require_number(payload.client);
}
void check(Verdict& verdict, const Event&, const ClientSecretRotated& payload) {
  verdict.require_number(payload.client);
  verdict.require_number(payload.generation);
}

void check(Verdict& verdict, const ApiSettings& settings) {
  verdict.require_text(settings.name, kLabelBytesMax);
  verdict.require_size(settings.scopes.size(), kScopesPerApiMax);
  for (const auto& scope : settings.scopes) {
    verdict.require_name(scope.name, kLabelBytesMax);
    verdict.require_text(scope.description, kDescriptionBytesMax);
  }
  verdict.require(settings.token_lifetime_s != 0);
  verdict.require(settings.token_lifetime_max_s != 0);
  verdict.require_enum(settings.signing_alg, SignatureAlgorithm::hs256);
  verdict.require_enum(settings.token_format, TokenKind::jwe);
  verdict.require((settings.origins_kept & ~kOriginBitsAll) == 0);
  verdict.require_size(settings.introspectors.size(), kIntrospectorsMax);
  for (const auto& client : settings.introspectors) verdict.require_name(client, kLabelBytesMax);
}
void check(Verdict& verdict, const Event&, const ApiCreated& payload) {
  verdict.require_number(payload.api);
  verdict.require_name(payload.identifier, kIdentifierBytesMax);
  check(verdict, payload.settings);
  const bool has_own_key = payload.settings.signing_alg == SignatureAlgorithm::hs256;
  verdict.require(has_own_key == (payload.secret_key != KeyNumber{}));
}
void check(Verdict& verdict, const Event&, const ApiUpdated& payload) {
  verdict.require_number(payload.api);
  check(verdict, payload.settings);
}
void check(Verdict& verdict, const Event&, const ApiDeleted& payload) {
  verdict.require_number(payload.api);
}

void check(Verdict& verdict, const Event&, const ClientGrantAdded& payload) {
  verdict.require_number(payload.grant);
  verdict.require_number(payload.client);
  verdict.require_number(payload.api);
}
void check(Verdict& verdict, const Event&, const ClientGrantUpdated& payload) {
  verdict.require_number(payload.grant);
}
void check(Verdict& verdict, const Event&, const ClientGrantRemoved& payload) {
  verdict.require_number(payload.grant);
}

void check(Verdict& verdict, const Event&, const KeyAdded& payload) {
  verdict.require_number(payload.key);
  verdict.require_enum(payload.algorithm, SignatureAlgorithm::hs256);
  verdict.require_name(payload.kid, kLabelBytesMax);
  verdict.require_size(payload.public_key.size(), kKeyBytesMax);
  const bool symmetric = payload.algorithm == SignatureAlgorithm::hs256;
  verdict.require(symmetric == payload.public_key.empty());
  verdict.require(symmetric == (payload.api != ApiNumber{}));
}
void check(Verdict& verdict, const Event&, const KeyRetired& payload) {
  verdict.require_number(payload.key);
}

void check(Verdict& verdict, const TokenClass& token_class) {
  verdict.require_number(token_class.client);
  for (std::size_t i = 0; i < kApisPerTokenMax; ++i) {
    const auto& here = token_class.apis[i];
    if (here.api == ApiNumber{}) {
      verdict.require(here.scope_mask == 0);
    } else if (i > 0) {
      verdict.require(token_class.apis[i - 1].api < here.api);  // also: nothing after an unused one
      verdict.require_number(token_class.apis[i - 1].api);
    }
  }
}
void check(Verdict& verdict, const Event&, const TokenIssued& payload) {
  verdict.require(payload.index.has_lane());
  verdict.require_number(payload.token_class);
  if (payload.new_class) check(verdict, *payload.new_class);
  verdict.require(payload.expires_at > payload.issued_at);
  verdict.require_enum(payload.kind, TokenKind::jwe);
  verdict.require_enum(payload.origin, Origin::embedded);
  verdict.require_text(payload.name, kLabelBytesMax);
  verdict.require_sealed(payload.owner);
  verdict.require_sealed(payload.extra_fields);
}
void check(Verdict& verdict, const Event&, const TokenRevoked& payload) {
  verdict.require(payload.index.has_lane());
  verdict.require_enum(payload.cause, kCauseLast);
  verdict.require_sealed(payload.reason);
}
void check(Verdict& verdict, const Event& event, const TokensRevoked& payload) {
  verdict.require_enum(payload.selector.kind, SelectorKind::all);
  verdict.require((payload.selector.kind == SelectorKind::all) == (payload.selector.id == 0));
  verdict.require_number(payload.before);
  verdict.require(payload.before <= event.seq);
  verdict.require_enum(payload.cause, kCascadeCauseLast);
  verdict.require_sealed(payload.reason);
}
void check(Verdict& verdict, const Event&, const TokensExpired& payload) {
  verdict.require(payload.from < payload.to);
  verdict.require_size(payload.tokens.size(), kTokenListBytesMax);
  verdict.require_counters(payload.retire_below);
  const bool retires = payload.retire_below != decltype(payload.retire_below){};
  verdict.require(payload.complete || !retires);
  if (!verdict.result()) return;  // the list is the dear part
  const auto count = count_token_list(payload.from, payload.to, payload.tokens);
  verdict.require(count && *count == payload.count);
  verdict.require(payload.digest == token_list_digest(payload.tokens));
}
void check(Verdict& verdict, const Event&, const NoteAppended& payload) {
  verdict.require_name(payload.topic, kNoteTopicBytesMax);
  // kNoteBodyBytesMax bounds the text; its ciphertext is a little longer.
  verdict.require_sealed(payload.body);
}

void check(Verdict& verdict, const Event&, const OwnerErased& payload) {
  verdict.require(payload.owner != OwnerKeyId{});
  verdict.require_sealed(payload.reason);
}

bool is_request_id(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// Each kind has its own members; the others stay zero, for the canonical bytes do not hold them.
template <class Other>
void check(Verdict& verdict, const Event&, const Other&) {
  verdict.refuse_format();
}

void check(Verdict& verdict, const Actor& actor) {
  verdict.require_enum(actor.kind, kActorKindLast);
  const bool is_client = actor.kind == ActorKind::client;
  const bool is_user = actor.kind == ActorKind::user;
  verdict.require(is_client == (actor.client != ClientNumber{}));
  verdict.require(is_user == (actor.user != UserNumber{}));
  verdict.require((is_client || is_user) == (actor.generation != SecretGeneration{}));
  verdict.require(actor.kind == ActorKind::token ? actor.token.has_lane()
                                                 : actor.token == TokenIndex{});
}

}  // namespace

Result<void> check_event(const Event& event) {
  Verdict verdict;
  verdict.require(event.seq.value() >= 1 && event.seq.value() <= kSequenceMax);
  verdict.require(event.recorded_at != LedgerTime{});
  verdict.require(event.recorded_at.value() / kNanosecondsPerSecond <= UINT32_MAX);  // to_seconds
  check(verdict, event.actor);
  verdict.require_size(event.request_id.size(), kRequestIdBytesMax);
  verdict.require(is_request_id(event.request_id));
  std::visit([&](const auto& payload) { check(verdict, event, payload); }, event.payload);
  return verdict.result();
}

}  // namespace tokenledger
