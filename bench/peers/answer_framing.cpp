#include "bench/peers/answer_framing.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace tokenledger::peers {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kContentLength = "\r\ncontent-length:";
constexpr int kDepthMax = 4;  // of arrays in a Redis reply

std::int64_t number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) throw std::runtime_error{"a length is not a number"};
  return value;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

FramedAnswer frame_one_http(std::string_view input) {
  const auto head_end = input.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return {};
  const auto head = input.substr(0, head_end + 2);
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 12) throw std::runtime_error{"not HTTP"};
  const auto field =
      std::search(head.begin(), head.end(), kContentLength.begin(), kContentLength.end(),
                  [](char left, char right) { return lower(left) == right; });
  if (field == head.end()) throw std::runtime_error{"an answer without Content-Length"};
  const auto value =
      head.substr(static_cast<std::size_t>(field - head.begin()) + kContentLength.size());
  const auto length = number(value.substr(0, value.find(kLineEnd)));
  FramedAnswer answer{.body_at = head_end + 4, .is_failure = head[9] != '2'};
  const auto size = answer.body_at + static_cast<std::size_t>(length);
  if (input.size() >= size) answer.size = size;
  return answer;
}

// The size of one reply, 0 when it is not complete. A bulk string or array of length -1 is null.
std::size_t reply_size(std::string_view input, int depth) {
  const auto line_end = input.find(kLineEnd);
  if (line_end == std::string_view::npos) return 0;
  const auto line_size = line_end + 2;
  const auto line = input.substr(1, line_end - 1);
  switch (input.front()) {
    case '+':
    case '-':
    case ':': return line_size;
    case '$': {
      const auto length = number(line);
      const auto size = length < 0 ? line_size : line_size + static_cast<std::size_t>(length) + 2;
      return input.size() >= size ? size : 0;
    }
    case '*': {
      if (depth >= kDepthMax) break;
      auto size = line_size;
      for (auto left = number(line); left > 0; --left) {
        const auto item = size < input.size() ? reply_size(input.substr(size), depth + 1) : 0;
        if (item == 0) return 0;
        size += item;
      }
      return size;
    }
    default: break;
  }
  throw std::runtime_error{"not a Redis reply"};
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

FramedAnswer frame_http(std::string_view input, std::size_t count) {
  FramedAnswer all;
  for (std::size_t done = 0; done < count; ++done) {
    const auto one = frame_one_http(input.substr(all.size));
    if (one.size == 0) return {};
    all.body_at = all.size + one.body_at;
    all.size += one.size;
    all.is_failure = all.is_failure || one.is_failure;
  }
  return all;
}

FramedAnswer frame_resp(std::string_view input, std::size_t count) {
  FramedAnswer all;
  for (std::size_t done = 0; done < count; ++done) {
    if (all.size == input.size()) return {};
    const auto size = reply_size(input.substr(all.size), 0);
    if (size == 0) return {};
    all.is_failure = all.is_failure || input[all.size] == '-';
    all.size += size;
  }
  return all;
}

FramedAnswer frame_postgres(std::string_view input, std::size_t count) {
  FramedAnswer all;
  for (std::size_t done = 0; done < count;) {
    if (input.size() - all.size < 5) return {};
    const char kind = input[all.size];
    const auto size = 1 + static_cast<std::size_t>(big_endian(input.substr(all.size + 1)));
    if (size < 5) throw std::runtime_error{"not a PostgreSQL message"};
    if (input.size() - all.size < size) return {};
    all.is_failure = all.is_failure || kind == 'E';
    if (kind == 'Z') ++done;
    all.size += size;
  }
  return all;
}

Framing framing_of(std::string_view protocol) {
  if (protocol == "http") return frame_http;
  if (protocol == "resp") return frame_resp;
  if (protocol == "postgres") return frame_postgres;
  throw std::runtime_error{"unknown protocol: " + std::string{protocol}};
}

}  // namespace tokenledger::peers
