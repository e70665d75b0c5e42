#include "core/user_id.hpp"

#include <algorithm>

#include "core/base64url.hpp"

namespace tokenledger {

std::string user_id_text(const UserId& id) {
  return std::string{kUserIdPrefix}.append(base64url_encode(id));
}

std::optional<UserId> parse_user_id(std::string_view text) {
  if (!text.starts_with(kUserIdPrefix)) return std::nullopt;
  text.remove_prefix(kUserIdPrefix.size());
  if (text.size() != base64url_length(UserId{}.size())) return std::nullopt;
  UserId id{};
  if (!base64url_decode_to(text, id.data()) || id == UserId{}) return std::nullopt;
  return id;
}

}  // namespace tokenledger
