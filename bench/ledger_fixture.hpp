// A ledger in a directory of its own on the real disk, with one API and one client that may use it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "storage/random.hpp"

namespace tokenledger::bench {

inline constexpr ApiNumber kOwnApi{3};  // the first one after the two that are built in
inline constexpr std::string_view kAudience = "https://api.example.com/geocoding/v1/";

inline bool is_quick() { return std::getenv("TOKENLEDGER_BENCH_QUICK") != nullptr; }

// TOKENLEDGER_BENCH_TOKENS, else 100 thousand when quick, else `otherwise`.
inline std::uint64_t token_count(std::uint64_t otherwise) {
  if (const char* text = std::getenv("TOKENLEDGER_BENCH_TOKENS"))
    return std::strtoull(text, nullptr, 10);
  return is_quick() ? 100'000 : otherwise;
}

template <class T>
T must(Result<T> result, const char* what) {
  if (!result) throw std::runtime_error{std::string{what} + ": " + result.error().message()};
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class LedgerFixture {
 public:
  explicit LedgerFixture(TokenKind format = TokenKind::opaque,
                         SignatureAlgorithm algorithm = SignatureAlgorithm::es256,
                         LedgerOptions options = {})
      : directory_{std::filesystem::current_path() /
                   ("bench-data-" + std::to_string(random_number()))} {
    options.directory = directory_;
    options_ = options;
    open();
    CreateApi api{
        .identifier = std::string{kAudience}, .built_in = false, .settings = {}, .hs256_kid = {}};
    api.settings.name = "Geocoding";
    api.settings.scopes = {{"read", ""}, {"write", ""}};
    api.settings.signing_alg = algorithm;
    api.settings.token_format = format;
    submit(std::move(api));
    add_client("bench-client");
  }
  ~LedgerFixture() {
    ledger_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  void open() {
    std::string why;
    auto opened = Ledger::open(options_, &why);
    if (!opened) throw std::runtime_error{"open: " + why};
    ledger_ = std::move(*opened);
  }
  void close() { ledger_.reset(); }

  void add_client(const std::string& client_id) {
    RegisterClient client{
        .client_id = client_id, .built_in = false, .settings = {}, .secret_hash = {}};
    client.settings.name = client_id;
    submit(std::move(client));
    submit(AddClientGrant{client_id, std::string{kAudience}, {"read", "write"}});
  }

  Committed submit(CommandPayload payload) {
    return must(
        ledger_->submit({Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(payload)}),
        "submit");
  }

  // A command as the signer would make it, with a random digest in place of a token's.
  Command issue_command(std::uint32_t lifetime_s = 86'400) {
    auto& core = ledger_->core();
    const auto lane = lane_for_lifetime(lifetime_s);
    IssueToken issue;
    issue.index = TokenIndex{lane, core.reserved[static_cast<std::size_t>(lane)].fetch_add(1)};
    fill_random(issue.token_sha256);
    issue.client = ClientNumber{2};  // 1 is the built-in client
    issue.grant = GrantNumber{1};
    issue.apis[0] = {kOwnApi, 3};
    issue.issued_at = to_seconds(ledger_->now());
    issue.expires_at = UnixSeconds{issue.issued_at.value() + lifetime_s};
    issue.kind = TokenKind::opaque;
    return {Actor{.kind = ActorKind::host}, {}, std::nullopt, std::move(issue)};
  }

  // The time as a signer would stamp it now; a command made much earlier is refused as stale.
  void stamp(Command& command) {
    auto& issue = std::get<IssueToken>(command.payload);
    const auto lifetime = issue.expires_at.value() - issue.issued_at.value();
    issue.issued_at = to_seconds(ledger_->now());
    issue.expires_at = UnixSeconds{issue.issued_at.value() + lifetime};
  }

  Ledger& ledger() { return *ledger_; }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  static std::uint64_t random_number() {
    std::uint64_t number = 0;
    fill_random({reinterpret_cast<std::uint8_t*>(&number), sizeof number});
    return number;
  }

  std::filesystem::path directory_;
  LedgerOptions options_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace tokenledger::bench
