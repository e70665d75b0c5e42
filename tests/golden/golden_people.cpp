#include "tests/golden/golden_people.hpp"

#include <future>

#include "core/authorization_code.hpp"
#include "core/identity_scopes.hpp"
#include "core/sha256.hpp"
#include "core/user_id.hpp"
#include "storage/random.hpp"

namespace tokenledger::golden {
namespace {

constexpr const char* kRedirect = "https://web.example.test/back";
constexpr const char* kVerifier = "a-verifier-of-forty-three-characters-or-more";
constexpr const char* kStaff = "staff";
constexpr std::uint64_t kRead = 1;
constexpr std::uint64_t kWrite = 2;
constexpr std::uint64_t kIdentity =
    mask_of(IdentityScope::openid) | mask_of(IdentityScope::offline_access);

// A call whose answer comes later, waited for.
template <class T>
Result<T> wait_for(const std::function<void(std::function<void(Result<T>)>)>& start) {
  std::promise<Result<T>> answer;
  start([&](Result<T> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

}  // namespace

void GoldenPeople::live() {
  make_registries();
  make_people();
  lose_a_signing_key();
  present_a_code_twice();
  steal_a_refresh_token();
  leave_a_group();
  change_a_password();
  withdraw();
  erase();
}

void GoldenPeople::make_registries() {
  CreateApi api{.identifier = kPhotos, .built_in = false, .settings = {}, .hs256_kid = {}};
  api.settings.name = "Photos";
  api.settings.scopes = {{"read", "See photos"}, {"write", "Add photos"}};
  api.settings.signing_alg = SignatureAlgorithm::rs256;
  api.settings.allow_offline_access = true;
  submit(api);
  RegisterClient client{.client_id = kWeb, .built_in = false, .settings = {}, .secret_hash = {}};
  client.settings.name = "The web";
  client.settings.grant_types = static_cast<std::uint8_t>(GrantType::authorization_code) |
                                static_cast<std::uint8_t>(GrantType::refresh_token);
  client.settings.redirect_uris = {kRedirect};
  client.secret_hash = ledger_.make_client_secret().hash;
  submit(client);
  submit(AddClientGrant{kWeb, kPhotos, {"read", "write"}});
  ledger_.with_registries([&](const Registries& known) {
    client_ = known.find_client(kWeb)->number;
    api_ = known.find_api(kPhotos)->number;
  });
}

void GoldenPeople::make_people() {
  for (const char* login : {"ada", "bob", "carl", "dora"}) add_user(login);
  must(wait_for<Committed>([&](auto done) {
    ledger_.people().update_user_async(user("ada"), {.login = {}, .display_name = "Ada, renamed"},
                                       {}, done);
  }));
  for (const char* name : {kStaff, "guests"}) submit(CreateGroup{name});
  put_into("bob", {group(kStaff), group("guests")});
  submit(PreconfigureConsent{group(kStaff), client_, api_, kRead, kIdentity});
  submit(DeleteGroup{group("guests")});
  for (const char* login : {"ada", "carl", "dora"})
    submit(GrantConsent{user(login), client_, api_, kRead, kIdentity}, acting(login));
  mark_();
}

// The next key waits for ten minutes, signs, and is stolen.
void GoldenPeople::lose_a_signing_key() {
  const auto key = must(ledger_.add_next_key(SignatureAlgorithm::rs256, {}));
  clock_.pass(660);
  submit(ActivateKey{.kid = key.kid});
  sign_in("dora", "dora's by the stolen key");
  KeyNumber number;
  ledger_.with_registries(
      [&](const Registries& known) { number = known.find_key(key.kid)->number; });
  submit(ReportForgery{.key = number, .index = {}, .sign = ForgerySign::jti_not_sealed},
         {.kind = ActorKind::system});
  must(ledger_.revoke_key(key.kid, {.reason = "seen elsewhere"}));
  end("dora's by the stolen key", "key_compromise");
  mark_();
}

void GoldenPeople::present_a_code_twice() {
  const auto first = sign_in("ada", "ada's first");
  keep("ada's first, refreshed", "ada", must(refresh(first.refresh_token)));
  mark_();
  const auto again = redeem(first.code);
  if (again || again.error() != Errc::code_reused) give_up("a code was redeemed twice");
  end("ada's first", "code_reuse");
  end("ada's first, refreshed", "code_reuse");
  mark_();
}

void GoldenPeople::steal_a_refresh_token() {
  submit(GrantConsent{user("ada"), client_, api_, kWrite, 0}, acting("ada"));  // extends
  const auto stolen = sign_in("ada", "ada's second");
  keep("ada's second, refreshed", "ada", must(refresh(stolen.refresh_token)));
  clock_.pass(60);  // beyond the grace
  const auto again = refresh(stolen.refresh_token);
  if (again || again.error() != Errc::refresh_reused) give_up("a refresh token was used twice");
  end("ada's second", "refresh_reuse");
  end("ada's second, refreshed", "refresh_reuse");
  mark_();
}

void GoldenPeople::leave_a_group() {
  sign_in("bob", "bob's by his group");
  put_into("bob", {});
  end("bob's by his group", "group_left");
  mark_();
  put_into("bob", {group(kStaff)});
  sign_in("bob", "bob's since he came back");
  mark_();
}

void GoldenPeople::change_a_password() {
  sign_in("carl", "carl's first");
  must(ledger_.people().set_password(user("carl"), "another battery staple", {}));
  end("carl's first", "password_changed");
  mark_();
  sign_in("carl", "carl's second");
  submit(DisableUser{user("carl"), {}});
  end("carl's second", "user_disabled");
  mark_();
  submit(EnableUser{user("carl")});
}

void GoldenPeople::withdraw() {
  sign_in("ada", "ada's third");
  SeenConsent seen;
  ledger_.people().with_people([&](const People& people) {
    seen.number = people.find_consent(user("ada"), client_, api_);
    seen.granted_at = people.consent(seen.number)->granted_at;
  });
  must(wait_for<Committed>([&](auto done) {
    ledger_.people().withdraw_consents_async({seen}, "no longer needed", {}, done);
  }));
  end("ada's third", "consent_withdrawn");
  mark_();
}

void GoldenPeople::erase() {
  const auto dora = sign_in("dora", "dora's second");
  const auto family = LedgerGrants{ledger_}.find_refresh_token(dora.refresh_token);
  submit(EndFamily{.family = family->family, .tag = 0, .reason = {}});
  end("dora's second", "admin_manual");
  sign_in("dora", "dora's third");
  must(ledger_.people().erase_user(user("dora"), "asked for it", {}));
  end("dora's third", "user_disabled");
  statuses_.erase("dora");
  mark_();
}

Committed GoldenPeople::submit(CommandPayload payload, const Actor& actor,
                               const std::source_location& at) {
  return must(ledger_.submit({actor, "golden", {}, std::move(payload)}), at);
}

void GoldenPeople::add_user(const std::string& login) {
  auto& people = ledger_.people();
  const auto made = must(people.register_user({.login = login, .display_name = ""}, {}));
  users_[login] = people.find_user(user_id_text(made.id))->number;
  must(people.set_password(user(login), "correct horse of " + login, {}));
  statuses_[login] = "enabled";
}

UserNumber GoldenPeople::user(const std::string& login) const { return users_.at(login); }

Actor GoldenPeople::acting(const std::string& login) const {
  return {.kind = ActorKind::user,
          .generation = ledger_.people().user(user(login))->record.password_generation,
          .user = user(login)};
}

Actor GoldenPeople::web() const {
  Actor actor{.kind = ActorKind::client, .client = client_};
  ledger_.with_registries(
      [&](const Registries& known) { actor.generation = known.client(client_)->generation; });
  return actor;
}

GroupNumber GoldenPeople::group(const std::string& name) const {
  GroupNumber number;
  ledger_.people().with_people([&](const People& people) { number = people.find_group(name); });
  return number;
}

void GoldenPeople::put_into(const std::string& login, std::vector<GroupNumber> groups) {
  submit(SetUserGroups{user(login), std::move(groups), {}});
}

std::string GoldenPeople::ask_for_code(const std::string& login) {
  Sequence based_on;
  ledger_.with_registries(
      [&](const Registries& known) { based_on = known.client(client_)->updated_seq; });
  ConsentNumber consent;
  ledger_.people().with_people([&](const People& people) {
    consent = people.consents_for(user(login), client_, api_).front();
  });
  auto text = make_authorization_code(random_bytes<32>());
  const auto now = to_seconds(ledger_.now());
  submit(IssueCode{.code_sha256 = *hash_authorization_code(text),
                   .user = user(login),
                   .client = client_,
                   .client_based_on = based_on,
                   .consent = consent,
                   .api = api_,
                   .scope_mask = kRead,
                   .identity_mask = kIdentity,
                   .redirect_sha256 = sha256(kRedirect),
                   .has_redirect = true,
                   .challenge = sha256(kVerifier),
                   .auth_time = now,
                   .expires_at = UnixSeconds{now.value() + kAuthorizationCodeLifetimeSeconds},
                   .nonce = "a nonce"},
         acting(login));
  return text;
}

GoldenPeople::SignedIn GoldenPeople::sign_in(const std::string& login,
                                             const std::string& token_name) {
  SignedIn made{.code = ask_for_code(login), .refresh_token = {}};
  const auto tokens = must(redeem(made.code));
  made.refresh_token = tokens.refresh_token;
  keep(token_name, login, tokens);
  return made;
}

Result<UserTokens> GoldenPeople::redeem(const std::string& code) {
  return wait_for<UserTokens>([&](auto done) {
    LedgerGrants{ledger_}.redeem_async({.actor = web(),
                                        .code_sha256 = *hash_authorization_code(code),
                                        .redirect_uri = kRedirect,
                                        .verifier_sha256 = sha256(kVerifier),
                                        .audience = {},
                                        .request_id = "golden"},
                                       done);
  });
}

Result<UserTokens> GoldenPeople::refresh(const std::string& text) {
  return wait_for<UserTokens>([&](auto done) {
    LedgerGrants grants{ledger_};
    grants.refresh_async({.actor = web(),
                          .token = *grants.find_refresh_token(text),
                          .token_sha256 = sha256(text),
                          .scopes = {},
                          .audience = {},
                          .request_id = "golden"},
                         done);
  });
}

void GoldenPeople::keep(const std::string& name, const std::string& login,
                        const UserTokens& tokens) {
  tokens_.push_back(
      {.name = name, .jti = tokens.access.jti, .client_id = kWeb, .owner = {}, .login = login});
}

void GoldenPeople::end(const std::string& name, const char* cause) {
  for (auto& token : tokens_)
    if (token.name == name) token.end("revoked", cause);
}

}  // namespace tokenledger::golden
