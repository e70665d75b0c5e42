#include "core/tlog_policy.hpp"

#include <algorithm>
#include <utility>

#include "core/proof_text.hpp"
#include "core/utf8.hpp"

namespace tokenledger {
namespace {

constexpr std::string_view kNone = "none";

using Fields = std::vector<std::string_view>;

Fields fields_of(std::string_view line) {
  constexpr std::string_view kSpaces = " \t";
  Fields fields;
  for (;;) {
    const auto begin = line.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return fields;
    const auto end = std::min(line.find_first_of(kSpaces, begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

struct Group {
  std::string name;
  std::vector<std::size_t> members;  // places among the witnesses
  std::size_t threshold = 0;         // of these and of the members that can't be verified
};

// Reads statement by statement. Each answers what is wrong with it; nothing: all is well.
class Reader {
 public:
  std::string read(const Fields& fields) {
    const auto kind = fields.front();
    if (kind == "log") return read_log(fields);
    if (kind == "witness") return read_witness(fields);
    if (kind == "group") return read_group(fields);
    if (kind == "quorum") return read_quorum(fields);
    return "a line begins with log, witness, group or quorum";
  }
  [[nodiscard]] bool has_quorum() const noexcept { return has_quorum_; }
  TlogPolicy take() { return std::move(policy_); }

 private:
  [[nodiscard]] std::optional<std::size_t> find_witness(std::string_view name) const {
    const auto found = std::ranges::find(policy_.witnesses, name, &NamedWitness::name);
    if (found == policy_.witnesses.end()) return std::nullopt;
    return static_cast<std::size_t>(found - policy_.witnesses.begin());
  }
  [[nodiscard]] bool is_unread(std::string_view name) const {
    return std::ranges::find(policy_.unread_witnesses, name) != policy_.unread_witnesses.end();
  }
  [[nodiscard]] const Group* find_group(std::string_view name) const {
    const auto found = std::ranges::find(groups_, name, &Group::name);
    return found == groups_.end() ? nullptr : &*found;
  }
  // What is wrong with it as a new name.
  [[nodiscard]] std::string_view refuse_name(std::string_view name) const {
    if (name.size() > kNoteKeyNameBytesMax || !is_plain_line(name)) return "the name is malformed";
    const bool is_taken =
        name == kNone || find_witness(name) || is_unread(name) || find_group(name) != nullptr;
    return is_taken ? "the name is taken" : "";
  }

  std::string read_log(const Fields& fields) {
    if (fields.size() < 2 || fields.size() > 3) return "log wants a vkey and perhaps a URL";
    if (policy_.logs.size() == kTlogPolicyLogsMax) return "too many logs";
    auto key = NoteVerifier::from_vkey(fields[1]);
    // Other people's logs may have keys of types that we do not know: they are not this log.
    if (!key && key.error() == Errc::unsupported_format) {
      policy_.has_unread_logs = true;
      return {};
    }
    if (!key) return "the log's vkey is malformed";
    if (key->type() != NoteKeyType::ed25519) return "the log's vkey is not one that signs logs";
    policy_.logs.push_back(std::move(*key));
    return {};
  }

  std::string read_witness(const Fields& fields) {
    if (fields.size() < 3 || fields.size() > 4)
      return "witness wants a name, a vkey and perhaps a URL";
    if (policy_.witnesses.size() + policy_.unread_witnesses.size() == kWitnessesMax)
      return "too many witnesses";
    if (const auto wrong = refuse_name(fields[1]); !wrong.empty()) return std::string{wrong};
    auto key = NoteVerifier::from_vkey(fields[2]);
    if (!key && key.error() == Errc::unsupported_format) return skip_witness(fields);
    if (!key) return "the vkey is malformed";
    if (key->type() != NoteKeyType::cosignature) return "the vkey is not a witness's";
    const bool is_twice = std::ranges::any_of(policy_.witnesses, [&](const NamedWitness& other) {
      return other.key.public_key() == key->public_key() || other.key.name() == key->name();
    });
    if (is_twice) return "another witness has this key, or its name";
    policy_.witnesses.push_back(
        {std::string{fields[1]}, std::move(*key), std::string{fields.size() > 3 ? fields[3] : ""}});
    return {};
  }

  // Without the type's rules only the key's text says whether two of them are one.
  std::string skip_witness(const Fields& fields) {
    const auto key = fields[2].substr(fields[2].find('+', fields[2].find('+') + 1));
    if (std::ranges::find(unread_keys_, key) != unread_keys_.end())
      return "another witness has this key";
    unread_keys_.emplace_back(key);
    policy_.unread_witnesses.emplace_back(fields[1]);
    return {};
  }

  std::string read_group(const Fields& fields) {
    if (fields.size() < 4) return "group wants a name, how many, and its members";
    if (groups_.size() == kTlogPolicyGroupsMax) return "too many groups";
    if (const auto wrong = refuse_name(fields[1]); !wrong.empty()) return std::string{wrong};
    Group group{.name = std::string{fields[1]}};
    for (auto member = fields.begin() + 3; member != fields.end(); ++member) {
      const auto witness = find_witness(*member);
      const bool is_known = witness || is_unread(*member);
      if (!is_known && find_group(*member) != nullptr) return "groups of groups are not read here";
      if (!is_known) return "a member was not defined above";
      if (std::find(fields.begin() + 3, member, *member) != member) return "a member occurs twice";
      if (witness) group.members.push_back(*witness);
    }
    const auto count = fields.size() - 3;
    const auto number = fields[2] == "any"   ? std::optional<std::uint64_t>{1}
                        : fields[2] == "all" ? std::optional<std::uint64_t>{count}
                                             : parse_decimal(fields[2], count);
    if (!number || *number == 0) return "how many is any, all, or 1 up to the number of members";
    group.threshold = *number;
    groups_.push_back(std::move(group));
    return {};
  }

  std::string read_quorum(const Fields& fields) {
    if (fields.size() != 2) return "quorum wants one name, or none";
    if (std::exchange(has_quorum_, true)) return "there is a quorum already";
    if (fields[1] == kNone) return {};
    std::vector<NoteVerifier> keys;
    std::size_t threshold = 1;
    if (const auto witness = find_witness(fields[1])) {
      keys.push_back(policy_.witnesses[*witness].key);
    } else if (const auto* group = find_group(fields[1])) {
      for (const auto member : group->members) keys.push_back(policy_.witnesses[member].key);
      threshold = group->threshold;
    } else if (!is_unread(fields[1])) {
      return "the name was not defined above";
    }
    if (keys.size() < threshold) {
      return "the quorum takes " + std::to_string(threshold) + " witnesses, and only " +
             std::to_string(keys.size()) + " have keys of a type that can be verified here";
    }
    auto made = WitnessPolicy::make(std::move(keys), threshold);
    if (!made) return "the witnesses make no quorum";
    policy_.quorum = std::move(*made);
    return {};
  }

  TlogPolicy policy_;
  std::vector<Group> groups_;
  std::vector<std::string> unread_keys_;
  bool has_quorum_ = false;
};

}  // namespace

Result<TlogPolicy> parse_tlog_policy(std::string_view text, std::string& why) {
  if (text.size() > kTlogPolicyBytesMax) {
    why = "the policy is longer than " + std::to_string(kTlogPolicyBytesMax) + " bytes";
    return Errc::too_large;
  }
  if (!is_utf8(text)) {
    why = "the policy is not UTF-8";
    return Errc::invalid_argument;
  }
  Reader reader;
  std::size_t number = 0;
  while (!text.empty()) {
    if (++number > kTlogPolicyLinesMax) {
      why = "the policy has more than " + std::to_string(kTlogPolicyLinesMax) + " lines";
      return Errc::too_large;
    }
    // Unlike a note, a file that people write may lack its last newline.
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto fields = fields_of(line);
    if (fields.empty() || fields.front().starts_with('#')) continue;
    if (auto wrong = reader.read(fields); !wrong.empty()) {
      why = "line " + std::to_string(number) + ": " + wrong;
      return Errc::invalid_argument;
    }
  }
  if (!reader.has_quorum()) {
    why = "there is no quorum line";
    return Errc::invalid_argument;
  }
  return reader.take();
}

}  // namespace tokenledger
