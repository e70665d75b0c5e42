// What a ledger answered, as JSON, and its way onto the terminal.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "tools/door.hpp"

namespace tokenledger {

// Asks and expects a success. A problem of the ledger is a Failure that says what to do, with the
// exit code of its error; for anything but GET an answer that can't be read, or a 5xx that does not
// say that nothing was done, is an unknown outcome (INV-6). Empty for 204. Whatever a success
// changed is remembered in `line`, for the exit code should the answer not reach its reader.
[[nodiscard]] boost::json::object ask(CommandLine& line, Door& door, const HttpQuestion& question);
// The same for an answer that is not one JSON object.
[[nodiscard]] HttpAnswer ask_for_text(CommandLine& line, Door& door, const HttpQuestion& question);

// A nested "revocation" becomes revocation.cause and so on; other objects stay JSON.
[[nodiscard]] Record record_of(const boost::json::object& object);
void show(const CommandLine& line, const boost::json::object& object);
// Opens the door, asks, shows the answer: most commands are no more than this.
ExitCode ask_and_show(CommandLine& line, Needs needs, const HttpQuestion& question);

// Columns of a list: those worth a terminal's width, and all.
struct Columns {
  std::vector<std::string> table;
  std::vector<std::string> all;
};
// Asks for pages of `target` (which holds the query, or ends in '?') until `limit` items are there,
// beginning at `cursor`, and prints them.
struct PageQuestion {
  std::string target;
  std::uint64_t limit = 100;
  std::string cursor;
};
void show_pages(CommandLine& line, Door& door, const PageQuestion& question,
                const Columns& columns);

// "name=value&" for a query; nothing for an empty value.
[[nodiscard]] std::string query_part(std::string_view name, std::string_view value);

// Moves a secret out of the answer into the file; stays where it is when that is stdout.
class SecretFile;
void hand_over_secret(SecretFile& file, boost::json::object& answer, const char* name);

}  // namespace tokenledger
