#include "tools/output.hpp"

#include <algorithm>
#include <cstdio>

#include "api/json_writer.hpp"
#include "tools/failure.hpp"

namespace tokenledger {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::size_t kListCellCharactersMax = 40;

void append_byte_escape(std::string& out, unsigned char byte) {
  out += "\\x";
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

// The length of the well-formed UTF-8 sequence at the front; 0: there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80                      ? 1
                             : byte(0) >= 0xC2 && byte(0) < 0xE0 ? 2
                             : (byte(0) & 0xF0) == 0xE0          ? 3
                             : byte(0) >= 0xF0 && byte(0) < 0xF5 ? 4
                                                                 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

// C1 controls, line and paragraph separators, marks that change the direction of text, and the
// byte order mark.
bool is_invisible(std::string_view character) {
  if (character.size() == 2)
    return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  if (character.size() != 3) return false;
  return (character >= "\xE2\x80\x8B" && character <= "\xE2\x80\x8F") ||
         (character >= "\xE2\x80\xA8" && character <= "\xE2\x80\xAE") ||
         (character >= "\xE2\x81\xA0" && character <= "\xE2\x81\xAF") ||
         character == "\xEF\xBB\xBF";
}

std::string plain_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* json = std::get_if<RawJson>(&value))
    return json->plain.empty() ? json->text : json->plain;
  std::string joined;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (const auto& item : *list) joined += (joined.empty() ? "" : " ") + item;
  }
  return joined;
}

void write_json(JsonWriter& json, const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    json.value(*flag);
  } else if (const auto* number = std::get_if<std::uint64_t>(&value)) {
    json.value(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    json.value(std::string_view{*text});
  } else if (const auto* raw = std::get_if<RawJson>(&value)) {
    json.raw(raw->text);
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    json.begin_array();
    for (const auto& item : *list) json.value(std::string_view{item});
    json.end_array();
  } else {
    json.null();
  }
}

std::string_view group_of(const std::string& name) {
  const auto dot = name.find('.');
  return dot == std::string::npos ? std::string_view{} : std::string_view{name}.substr(0, dot);
}

void write_members(JsonWriter& json, const Record& record) {
  for (auto field = record.begin(); field != record.end();) {
    const auto group = group_of(field->first);
    if (group.empty()) {
      write_json(json.name(field->first), field->second);
      ++field;
      continue;
    }
    const auto end = std::find_if(
        field, record.end(), [&](const auto& other) { return group_of(other.first) != group; });
    json.name(group);
    if (std::all_of(field, end, [](const auto& other) { return other.second.index() == 0; })) {
      json.null();
    } else {
      json.begin_object();
      for (auto member = field; member != end; ++member)
        write_json(json.name(std::string_view{member->first}.substr(group.size() + 1)),
                   member->second);
      json.end_object();
    }
    field = end;
  }
}

const Value* find(const Record& record, const std::string& name) {
  for (const auto& [field, value] : record) {
    if (field == name) return &value;
  }
  return nullptr;
}

// Characters, not bytes: continuation bytes take no column.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

// A list's cell; details have the whole text.
std::string shortened(std::string text) {
  if (width_of(text) <= kListCellCharactersMax) return text;
  std::size_t bytes = 0;
  for (std::size_t characters = 0; bytes < text.size(); ++bytes) {
    const bool begins_one = (static_cast<unsigned char>(text[bytes]) & 0xC0) != 0x80;
    if (begins_one && ++characters == kListCellCharactersMax) break;
  }
  return text.substr(0, bytes) + "\xE2\x80\xA6";
}

std::string table_of(const Listing& listing) {
  std::vector<std::vector<std::string>> lines{listing.table_columns};
  for (const auto& item : listing.items) {
    auto& line = lines.emplace_back();
    for (const auto& column : listing.table_columns) {
      const auto* value = find(item, column);
      line.push_back(value == nullptr ? "" : shortened(escape_control(plain_text(*value))));
    }
  }
  std::vector<std::size_t> widths(listing.table_columns.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i)
      widths[i] = std::max(widths[i], width_of(line[i]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 < line.size()) text.append(widths[i] - width_of(line[i]) + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  }
  for (const auto& [name, value] : listing.summary) {
    if (value.index() != 0) out += "# " + name + ": " + escape_control(plain_text(value)) + '\n';
  }
  return out;
}

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : ",") + csv_cell(cells[i]);
  return line + "\r\n";  // RFC 4180 §2
}

}  // namespace

std::string escape_control(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = sequence_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    if (length == 0 || first < 0x20 || first == 0x7F || is_invisible(text.substr(0, length))) {
      const auto count = std::max<std::size_t>(length, 1);
      for (std::size_t i = 0; i < count; ++i)
        append_byte_escape(out, static_cast<unsigned char>(text[i]));
      text.remove_prefix(count);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string csv_cell(std::string_view text) {
  std::string cell = escape_control(text);
  const bool is_formula =
      !text.empty() && std::string_view{"=+-@\t\r"}.find(text[0]) != std::string_view::npos;
  if (is_formula) cell.insert(0, "'");
  if (cell.find_first_of(",\"\n\r ';") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char character : cell) {
    if (character == '"') quoted += '"';
    quoted += character;
  }
  return quoted + '"';
}

std::string render(const Record& record, OutputFormat format) {
  std::string out;
  if (format == OutputFormat::json) {
    JsonWriter json{&out};
    json.begin_object();
    write_members(json, record);
    json.end_object();
    return out + '\n';
  }
  if (format == OutputFormat::csv) {
    std::vector<std::string> names, values;
    for (const auto& [name, value] : record) {
      names.push_back(name);
      values.push_back(plain_text(value));
    }
    return csv_line(names) + csv_line(values);
  }
  std::size_t width = 0;
  for (const auto& field : record) width = std::max(width, field.first.size());
  for (const auto& [name, value] : record) {
    if (value.index() == 0) continue;
    out += name + ':' + std::string(width - name.size() + 1, ' ') +
           escape_control(plain_text(value)) + '\n';
  }
  return out;
}

std::string render(const Listing& listing, OutputFormat format) {
  std::string out;
  if (format == OutputFormat::table) return table_of(listing);
  if (format == OutputFormat::csv) {
    out = csv_line(listing.all_columns);
    for (const auto& item : listing.items) {
      std::vector<std::string> cells;
      for (const auto& column : listing.all_columns) {
        const auto* value = find(item, column);
        cells.push_back(value == nullptr ? "" : plain_text(*value));
      }
      out += csv_line(cells);
    }
    return out;
  }
  JsonWriter json{&out};
  json.begin_object().name("items").begin_array();
  for (const auto& item : listing.items) {
    json.begin_object();
    write_members(json, item);
    json.end_object();
  }
  json.end_array();
  write_members(json, listing.summary);
  json.end_object();
  return out + '\n';
}

void print(std::string_view text) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!is_written || std::fflush(stdout) != 0)
    throw Failure{ExitCode::refused, "could not write the answer to stdout"};
}

}  // namespace tokenledger
