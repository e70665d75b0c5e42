// Output: records as a table, JSON or CSV on stdout.
//
// Names come from callers of the ledger, so nothing of them reaches the terminal unescaped: control
// characters and text-direction overrides become \x.. and \u{..}. In CSV a cell that a spreadsheet
// would run as a formula gets a leading apostrophe (OWASP: CSV injection).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tokenledger {

enum class OutputFormat : std::uint8_t { table, json, csv };

struct RawJson {
  std::string text;
  std::string plain = {};  // for a table or CSV; empty: the text
};
// monostate: null in JSON, empty elsewhere.
using Value = std::variant<std::monostate, bool, std::uint64_t, std::string,
                           std::vector<std::string>, RawJson>;

// Fields in order. Neighbours named "a.b" and "a.c" become one JSON object "a"; null when all are.
using Record = std::vector<std::pair<std::string, Value>>;

struct Listing {
  std::vector<std::string> table_columns;  // those worth a terminal's width; JSON and CSV have all
  std::vector<std::string> all_columns;    // the CSV header, also when there are no items
  std::vector<Record> items;
  Record summary;  // beside the items in JSON, below them in a table, left out in CSV
};

[[nodiscard]] std::string escape_control(std::string_view text);
[[nodiscard]] std::string csv_cell(std::string_view text);

[[nodiscard]] std::string render(const Record& record, OutputFormat format);
[[nodiscard]] std::string render(const Listing& listing, OutputFormat format);

// Writes to stdout; a closed pipe or full disk is a Failure.
void print(std::string_view text);

}  // namespace tokenledger
