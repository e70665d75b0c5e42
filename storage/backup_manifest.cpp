#include "storage/backup_manifest.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>

#include "core/hex.hpp"
#include "core/sha256.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kFirstLine = "tokenledger-backup 1";

// Nothing that could lead out of the directory: no "..", no second slash, no other characters.
bool is_plain_name(std::string_view name) {
  const bool is_plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  return is_plain && !name.empty() && !name.starts_with('.');
}

bool is_backup_name(std::string_view name) {
  if (name.size() > kBackupNameBytesMax) return false;
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) return is_plain_name(name);
  const auto folder = name.substr(0, slash);
  return std::ranges::find(kBackupFolders, folder) != kBackupFolders.end() &&
         is_plain_name(name.substr(slash + 1));
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return is_whole ? std::optional{value} : std::nullopt;
}

template <class Bytes>
bool read_hex(std::string_view text, Bytes& out) {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t at = 0; at < out.size(); ++at) {
    const auto* digits = text.data() + 2 * at;
    const auto read = std::from_chars(digits, digits + 2, out[at], 16);
    if (read.ec != std::errc{} || read.ptr != digits + 2) return false;
  }
  return true;
}

// Takes one line off the text; nullopt: there is no whole one.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::string_view> take_field(std::string_view& text, std::string_view name) {
  const auto line = take_line(text);
  if (!line || !line->starts_with(name) || line->size() <= name.size()) return std::nullopt;
  if ((*line)[name.size()] != ' ') return std::nullopt;
  return line->substr(name.size() + 1);
}

std::optional<BackupFile> read_file_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  BackupFile file{.name = std::string{line.substr(second + 1)}, .bytes = 0, .sha256 = {}};
  const auto bytes = number_of(line.substr(first + 1, second - first - 1));
  if (!bytes || !read_hex(line.substr(0, first), file.sha256)) return std::nullopt;
  file.bytes = *bytes;
  return file;
}

}  // namespace

std::uint64_t BackupManifest::bytes() const noexcept {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  return std::accumulate(files.begin(), files.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const BackupFile& file) {
                           return file.bytes > kMost - sum ? kMost : sum + file.bytes;
                         });
}

Result<std::string> format_backup_manifest(const BackupManifest& manifest) {
  if (manifest.files.size() > kBackupFilesMax) return Errc::too_large;
  std::string text{kFirstLine};
  text += "\nledger " + to_hex(manifest.ledger_id);
  text += "\nseq " + std::to_string(manifest.seq.value());
  text += "\nmade-at " + std::to_string(manifest.made_at.value()) + "\n";
  const std::string* before = nullptr;
  for (const auto& file : manifest.files) {
    if (!is_backup_name(file.name)) return Errc::invalid_argument;
    if (before != nullptr && *before >= file.name) return Errc::invalid_argument;
    before = &file.name;
    text += to_hex(file.sha256) + " " + std::to_string(file.bytes) + " " + file.name + "\n";
  }
  text += "end " + to_hex(sha256(text)) + "\n";
  if (text.size() > kBackupManifestBytesMax) return Errc::too_large;
  return text;
}

// Read leniently and written again: whatever differs from our own spelling is refused at the end.
Result<BackupManifest> parse_backup_manifest(std::string_view text) {
  if (text.size() > kBackupManifestBytesMax) return Errc::audit_corrupt;
  auto rest = text;
  const auto first = take_line(rest);
  if (!first || *first != kFirstLine) return Errc::audit_corrupt;
  BackupManifest manifest;
  const auto ledger = take_field(rest, "ledger");
  if (!ledger || !read_hex(*ledger, manifest.ledger_id)) return Errc::audit_corrupt;
  const auto seq = number_of(take_field(rest, "seq").value_or(""));
  const auto made_at = number_of(take_field(rest, "made-at").value_or(""));
  if (!seq || !made_at) return Errc::audit_corrupt;
  manifest.seq = Sequence{*seq};
  manifest.made_at = LedgerTime{*made_at};
  while (manifest.files.size() <= kBackupFilesMax) {
    const auto line = take_line(rest);
    if (!line) return Errc::audit_corrupt;
    if (line->starts_with("end ")) break;
    auto file = read_file_line(*line);
    if (!file) return Errc::audit_corrupt;
    manifest.files.push_back(std::move(*file));
  }
  const auto again = format_backup_manifest(manifest);
  if (!again || *again != text) return Errc::audit_corrupt;
  return manifest;
}

}  // namespace tokenledger
