// Writes a golden data directory: OUT/ledger, a small closed ledger with every kind of event, and
// OUT/expected.json, which says what must be true of it for ever.
//
//   build/tests/make_golden tests/golden/data/vN
//
// The expectations are written from the commands below, as they are given; only what nobody can
// say beforehand (jtis, root, checkpoint) is taken from the ledger. The clock stands still between
// them, so times and seqs are the same each run; keys, ids and jtis are random. See README.md.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

#include "core/checkpoint.hpp"
#include "core/proof_text.hpp"
#include "storage/audit.hpp"
#include "storage/durable_file.hpp"
#include "storage/format_version.hpp"
#include "storage/ledger_core.hpp"
#include "storage/recover_tool.hpp"
#include "tests/golden/golden_people.hpp"

namespace tokenledger {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kOrders = "https://orders.example.test/";
constexpr const char* kMaps = "https://maps.example.test/";
constexpr const char* kPartner = "urn:partner";
constexpr std::uint32_t kDay = 86'400;
constexpr std::uint32_t kTenYears = 10 * 365 * kDay;

using namespace golden;

class Golden {
 public:
  explicit Golden(fs::path out) : out_{std::move(out)} {}

  void make() {
    open();
    make_registries();
    issue_tokens();
    revoke_some();
    let_some_expire();
    close();
    cut_below_a_checkpoint();
    end_many();
    GoldenPeople people{*ledger_, *clock_, tokens_, [this] { mark(); }};
    people.live();
    users_ = people.users();
    clients_[kWeb] = "enabled";
    close();
    write_expectations();
  }

 private:
  void open() {
    LedgerOptions options;
    options.directory = out_ / "ledger";
    options.issuer = "https://golden.example.test";
    options.clock = clock_;
    options.sweep_every = 0ms;
    std::string why;
    auto opened = Ledger::open(options, &why);
    if (!opened) give_up(why);
    ledger_ = std::move(*opened);
  }
  // With a checkpoint of everything.
  void close() {
    last_ = ledger_->committed();
    checkpoint_ = must(Audit{*ledger_}.wait_for_checkpoint(last_, 20s));
    vkey_ = must(Audit{*ledger_}.vkey());
    must(ledger_->close());
    ledger_.reset();
  }
  Committed submit(CommandPayload payload,
                   const std::source_location& at = std::source_location::current()) {
    return must(ledger_->submit({Actor{.kind = ActorKind::host}, "golden", {}, std::move(payload)}),
                at);
  }
  void add_api(const std::string& identifier, const std::string& name, SignatureAlgorithm algorithm,
               TokenKind format) {
    CreateApi api{.identifier = identifier, .built_in = false, .settings = {}, .hs256_kid = {}};
    api.settings.name = name;
    api.settings.scopes = {{"read", "May read"}, {"write", ""}};
    api.settings.token_lifetime_max_s = kTenYears;
    api.settings.signing_alg = algorithm;
    api.settings.token_format = format;
    if (algorithm == SignatureAlgorithm::hs256) {
      must(ledger_->create_api_with_secret({Actor{.kind = ActorKind::host}, {}, {}, api}));
    } else {
      submit(api);
    }
  }
  void add_client(const std::string& client_id) {
    RegisterClient client{
        .client_id = client_id, .built_in = false, .settings = {}, .secret_hash = {}};
    client.settings.name = "The " + client_id;
    client.secret_hash = ledger_->make_client_secret().hash;
    submit(client);
    clients_[client_id] = "enabled";
  }

  void make_registries() {
    add_api(kOrders, "Orders", SignatureAlgorithm::es256, TokenKind::jwt);
    add_api(kMaps, "Maps", SignatureAlgorithm::eddsa, TokenKind::opaque);
    add_api(kPartner, "Partner", SignatureAlgorithm::hs256, TokenKind::jwt);
    for (const char* client : {"shop", "courier", "batch", "former"}) add_client(client);
    submit(AddClientGrant{"shop", kOrders, {"read", "write"}});
    submit(AddClientGrant{"shop", kMaps, {"read"}});
    submit(AddClientGrant{"courier", kMaps, {"read", "write"}});
    submit(AddClientGrant{"courier", kOrders, {"read"}});
    submit(AddClientGrant{"batch", kPartner, {"read"}});
    submit(AddClientGrant{"former", kOrders, {"read"}});
    ClientSettings settings;
    settings.name = "The shop, renamed";
    submit(UpdateClient{"shop", settings});
    submit(RotateClientSecret{"shop", ledger_->make_client_secret().hash});
    submit(UpdateClientGrant{"courier", kMaps, {"read"}});
    must(ledger_->append_note("golden", "what a note says"));
    mark();
  }

  void issue(const std::string& name, const std::string& client_id, const char* audience,
             std::uint32_t lifetime_s, const std::string& owner = {}) {
    IssueRequest request;
    request.client_id = client_id;
    request.audience = audience;
    request.lifetime_s = lifetime_s;
    request.name = name;
    request.owner = owner;
    if (!owner.empty()) request.extra_fields = R"({"desk":"7"})";
    const auto issued = must(ledger_->issue(std::move(request)));
    tokens_.push_back({name, issued.jti, client_id, owner});
  }
  Token& token(const std::string& name) { return *std::ranges::find(tokens_, name, &Token::name); }

  void issue_tokens() {
    issue("short", "shop", kOrders, 60);
    issue("short too", "courier", kMaps, 120);
    issue("of alice", "shop", kOrders, kTenYears, "alice@example.test");
    issue("of bob", "shop", kMaps, kTenYears, "bob@example.test");
    issue("also of bob", "courier", kMaps, kTenYears, "bob@example.test");
    issue("to revoke", "shop", kOrders, kTenYears);
    issue("to delete", "shop", kOrders, kTenYears);
    issue("of a former client", "former", kOrders, kTenYears);
    issue("of the batch", "batch", kPartner, kTenYears);
    issue("of the courier", "courier", kOrders, kTenYears);
    issue("stays", "shop", kMaps, kTenYears);
    mark();
  }

  void revoke_some() {
    const auto index = [&](const char* name) { return *ledger_->index_of(token(name).jti); };
    must(ledger_->revoke(index("to revoke"), {.reason = "lost on a train"}));
    token("to revoke").end("revoked", "admin_manual");
    must(ledger_->revoke(index("to delete"), {.cause = Cause::deleted}));
    token("to delete").end("revoked", "deleted");
    mark();
    submit(DisableClient{"courier"});
    end_of_client("courier", "client_disabled");
    submit(EnableClient{"courier"});
    submit(DeleteClient{"former"});
    end_of_client("former", "client_deleted");
    clients_["former"] = "deleted";
    must(ledger_->erase_owner("alice@example.test", {.reason = "asked for it"}));
    mark();
  }
  void end_of_client(const std::string& client_id, const char* cause) {
    for (auto& each : tokens_)
      if (each.client_id == client_id) each.end("revoked", cause);
  }

  void let_some_expire() {
    issue("after the courier came back", "courier", kMaps, kTenYears);
    clock_->pass(300);
    must(ledger_->append_note("golden", "time has passed"));
    token("short").end("expired", "");
    mark();
    must(ledger_->sweep());
    mark();
  }

  // A cut of what was signed: the next opening has another checkpoint key and notes the old one.
  void cut_below_a_checkpoint() {
    const auto kept = last_;
    clock_->pass(60);
    open();
    must(ledger_->append_note("golden", "this one is cut off"));
    close();
    {
      std::string why;
      auto tool = RecoverTool::open({.directory = out_ / "ledger"}, why);
      if (!tool) give_up(why);
      const auto cut = (*tool)->truncate_after(kept, true, why);
      if (!cut) give_up(why);
    }
    clock_->pass(60);
    open();
  }

  void end_many() {
    mark();
    submit(RetireKey{std::string{signing_kid(SignatureAlgorithm::eddsa)}});
    submit(RemoveClientGrant{"courier", kOrders});
    ApiSettings settings;
    settings.name = "Maps, renamed";
    settings.scopes = {{"read", ""}, {"write", ""}, {"admin", "New"}};
    settings.signing_alg = SignatureAlgorithm::es256;
    submit(UpdateApi{kMaps, settings});
    submit(DeleteApi{kPartner});
    end_of_client("batch", "api_deleted");
    submit(RevokeTokens{.selector = {SelectorKind::client, number_of("courier")},
                        .cause = Cause::admin_manual,
                        .reason = must(ledger_->seal("the courier was robbed")),
                        .before = {}});
    end_of_client("courier", "admin_manual");
    mark();
    issue("after all that", "shop", kOrders, kTenYears, "bob@example.test");
    clock_->pass(10);
    must(ledger_->append_note("golden", "the end"));
    mark();
  }
  std::string signing_kid(SignatureAlgorithm algorithm) const {
    std::string kid;
    ledger_->with_registries(
        [&](const Registries& known) { kid = known.signing_key(algorithm)->kid; });
    return kid;
  }
  std::uint32_t number_of(const std::string& client_id) const {
    std::uint32_t number = 0;
    ledger_->with_registries(
        [&](const Registries& known) { number = known.find_client(client_id)->number.value(); });
    return number;
  }

  // What is true now, for ever.
  void mark() {
    std::map<std::string, int> counts{{"active", 0}, {"revoked", 0}, {"expired", 0}};
    std::string statuses;
    for (const auto& each : tokens_) {
      ++counts[each.status];
      statuses += (statuses.empty() ? "" : ",") + std::string{"\n      "} + quoted(each.name) +
                  ": [" + quoted(each.status) + ", " + quoted(each.cause) + "]";
    }
    points_ += (points_.empty() ? "" : ",") + std::string{"\n    {\"seq\": "} +
               std::to_string(ledger_->committed().value()) +
               ", \"issued\": " + std::to_string(tokens_.size());
    for (const auto& [status, count] : counts)
      points_ += ", " + quoted(status) + ": " + std::to_string(count);
    points_ += ", \"tokens\": {" + statuses + "}}";
  }

  static std::string quoted(const std::string& text) {
    std::string out{"\""};
    for (const char each : text) {
      if (each == '\n') {
        out += "\\n";
        continue;
      }
      if (each == '"' || each == '\\') out += '\\';
      out += each;
    }
    return out + '"';
  }

  void write_expectations() {
    const auto note = must(parse_note(checkpoint_));
    const auto checkpoint = must(parse_checkpoint(note.text));
    std::ofstream out{out_ / "expected.json"};
    out << "{\n  \"end_seq\": " << last_.value()
        << ",\n  \"root\": " << quoted(digest_to_base64(checkpoint.root))
        << ",\n  \"vkey\": " << quoted(vkey_) << ",\n  \"checkpoint\": " << quoted(checkpoint_)
        << ",\n  \"tokens\": [";
    for (const auto& each : tokens_) {
      out << (&each == tokens_.data() ? "" : ",") << "\n    {\"name\": " << quoted(each.name)
          << ", \"jti\": " << quoted(each.jti) << ", \"client_id\": " << quoted(each.client_id)
          << ", \"owner\": " << quoted(each.owner) << ", \"login\": " << quoted(each.login) << "}";
    }
    out << "],\n  \"points\": [" << points_ << "],\n  \"clients\": {";
    for (const auto& [client_id, status] : clients_)
      out << (client_id == clients_.begin()->first ? "" : ", ") << quoted(client_id) << ": "
          << quoted(status);
    out << "},\n  \"users\": {";
    for (const auto& [login, status] : users_)
      out << (login == users_.begin()->first ? "" : ", ") << quoted(login) << ": "
          << quoted(status);
    // As the commands left them.
    out << "},\n  \"groups\": {\"staff\": [\"bob\"]},\n  \"apis\": {" << quoted(kPhotos)
        << ": [\"read\", \"write\"], " << quoted(kOrders) << ": [\"read\", \"write\"], "
        << quoted(kMaps) << ": [\"read\", \"write\", \"admin\"]},\n  \"grants\": [[\"shop\", "
        << quoted(kOrders) << ", [\"read\", \"write\"]], [\"shop\", " << quoted(kMaps)
        << ", [\"read\"]], [\"courier\", " << quoted(kMaps) << ", [\"read\"]], [" << quoted(kWeb)
        << ", " << quoted(kPhotos)
        << ", [\"read\", \"write\"]]],\n  \"erased_owner\": \"alice@example.test\","
           "\n  \"kept_owner\": \"bob@example.test\",\n  \"versions\": {\"HEAD\": "
        << kHeadVersion << ", \"keyring\": " << kKeyringVersion
        << ", \"keystore\": " << kKeyStoreVersion
        << ", \"audit/checkpoints\": " << kCheckpointHistoryVersion
        << ", \"log\": " << kFormatVersion << ", \"views\": "
        << Views::layout_made()
        // What `migrate` does once this program's versions are the older ones.
        << "},\n  \"when_older\": {\"keyring\": \"write again\", \"log\": \"append "
           "format_activated\", \"views\": \"make anew\"}\n}\n";
    if (!out.flush()) give_up("can't write expected.json");
  }

  const fs::path out_;
  const std::shared_ptr<StandingClock> clock_ = std::make_shared<StandingClock>();
  std::unique_ptr<Ledger> ledger_;
  std::vector<Token> tokens_;
  std::map<std::string, std::string> clients_;
  std::map<std::string, std::string> users_;
  std::string points_, checkpoint_, vkey_;
  Sequence last_;
};

// RocksDB's own diary and the lock file: no reader needs them.
void remove_what_is_no_ledger(const fs::path& ledger) {
  std::vector<fs::path> gone;
  for (const auto& entry : fs::recursive_directory_iterator{ledger}) {
    const auto name = entry.path().filename().string();
    if (name == "LOCK" || name == "LOG" || name.starts_with("LOG.old"))
      gone.push_back(entry.path());
  }
  for (const auto& path : gone) fs::remove(path);
}

}  // namespace
}  // namespace tokenledger

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_golden OUT\n");
    return 2;
  }
  const std::filesystem::path out{argv[1]};
  if (std::filesystem::exists(out)) {
    std::fprintf(stderr, "make_golden: %s exists: golden directories are never made over\n",
                 argv[1]);
    return 1;
  }
  std::filesystem::create_directories(out);
  tokenledger::Golden{out}.make();
  tokenledger::remove_what_is_no_ledger(out / "ledger");
}
