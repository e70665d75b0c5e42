#include "tools/small_file.hpp"

#include <cstdio>

namespace tokenledger {
namespace {

bool read_up_to(std::FILE* file, std::size_t bytes_max, std::string& out) {
  char block[4096];
  for (std::size_t count; (count = std::fread(block, 1, sizeof block, file)) > 0;) {
    out.append(block, count);
    if (out.size() > bytes_max) return false;
  }
  return std::ferror(file) == 0;
}

}  // namespace

std::optional<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  std::string text;
  bool is_read = false;
  if (path == "-") {
    is_read = read_up_to(stdin, bytes_max, text);
  } else if (std::FILE* file = std::fopen(path.c_str(), "rbe")) {
    is_read = read_up_to(file, bytes_max, text);
    std::fclose(file);
  }
  if (!is_read) return std::nullopt;
  return text;
}

}  // namespace tokenledger
