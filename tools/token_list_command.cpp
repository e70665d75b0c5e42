// `tokenledger token list`: every filter of GET /v1/tokens.
#include "tools/answer.hpp"

namespace tokenledger {
namespace {

constexpr std::uint64_t kItemsMax = 1'000'000;

// Option, parameter of /v1/tokens, help.
struct Filter {
  const char* option;
  const char* parameter;
  const char* help;
  std::string value = {};
};

struct ListOptions {
  Filter filters[17] = {
      {"--client", "client_id", "Only this client's"},
      {"--query", "q", "Begins a client id, client name or token name; or is a jti"},
      {"--status", "status", "active, revoked or expired"},
      {"--issued-from", "issued_from", "Issued at or after this time"},
      {"--issued-to", "issued_to", "Issued before this time"},
      {"--expires-from", "expires_from", "Its expiry is at or after this time"},
      {"--expires-to", "expires_to", "Its expiry is before this time"},
      {"--expired-from", "expired_from", "Ran out (not revoked) at or after this time"},
      {"--expired-to", "expired_to", "Ran out (not revoked) before this time"},
      {"--revoked-from", "revoked_from", "Revoked at or after this time"},
      {"--revoked-to", "revoked_to", "Revoked before this time"},
      {"--owner", "owner", "Only this owner's"},
      {"--subject", "subject", "Only this client_id's own, or this user's: a user_id or login"},
      {"--consent", "consent", "Only what stands on the consent of this number"},
      {"--api", "api", "Only for the API of this identifier"},
      {"--origin", "origin", "console, api, oauth_flow, external or embedded"},
      {"--sort", "sort", "Order of the rows, as /v1/tokens knows it"},
  };
  bool include_deleted = false;
  PageQuestion pages;
};

const Columns kColumns = {
    {"jti", "name", "client_id", "audience", "scope", "status", "issued_at", "expires_at"},
    {"jti",
     "name",
     "client_id",
     "subject",
     "audience",
     "scope",
     "status",
     "issued_at",
     "expires_at",
     "revoked_at",
     "revocation.cause",
     "revocation.actor",
     "revocation.reason",
     "revocation.seq",
     "owner",
     "extra_fields",
     "erased_fields",
     "plans",
     "origin",
     "format",
     "consent",
     "family",
     "seq"}};

ExitCode list_tokens(CommandLine& line, const ListOptions& options) {
  auto pages = options.pages;
  pages.target = "/v1/tokens?";
  for (const auto& filter : options.filters)
    pages.target += query_part(filter.parameter, filter.value);
  if (options.include_deleted) pages.target += "include_deleted=true&";
  const auto door = open_door(line, Needs::views);
  show_pages(line, *door, pages, kColumns);
  return ExitCode::ok;
}

}  // namespace

void add_token_list_command(CommandLine& line, CLI::App* group) {
  static ListOptions options;
  auto* list = line.add_anywhere(
      group, {"list",
              "List tokens, newest first. Times are RFC 3339 like 2026-02-03T04:05:06Z; a range "
              "takes its beginning and not its end",
              "token list --data ./data --status active --client shop",
              [&line] { return list_tokens(line, options); }});
  for (auto& filter : options.filters) {
    auto* option = list->add_option(filter.option, filter.value, filter.help);
    if (filter.parameter == std::string_view{"status"})
      option->check(CLI::IsMember({"active", "revoked", "expired"}));
  }
  list->add_flag("--include-deleted", options.include_deleted, "Deleted ones too");
  list->add_option("--limit", options.pages.limit, "At most this many (100)")
      ->check(CLI::Range(std::uint64_t{1}, kItemsMax));
  list->add_option("--cursor", options.pages.cursor,
                   "Go on behind an earlier list: its next_cursor, with the same filters");
}

}  // namespace tokenledger
