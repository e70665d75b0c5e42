// The oracle: a second ledger, told independently from the design, that looks at everything.
//
// Plain structs, whole histories and scans; no watermarks, no bits, no interned classes, no counts.
// A token knows the list of all that ever ended it. It includes nothing from the product and judges
// by the documents (design.md 3, 5, 6; requirements 1.6), so a mistake must be made twice to pass.
#pragma once

#include <map>

#include "tests/core/oracle_commands.hpp"

namespace oracle {

inline constexpr const char* kManagement = "urn:tokenledger:management";
inline constexpr std::uint64_t kSecond = 1'000'000'000;
inline constexpr std::uint64_t kChunk = 65'536;

struct End {
  std::uint64_t seq = 0;
  std::uint64_t at = 0;  // nanoseconds
  std::string cause;
  Who who;
  bool is_own = false;  // of this token alone, not by a cascade
};

struct Token {
  Issue issue;
  Who who;
  std::uint64_t seq = 0;
  std::uint64_t at = 0;
  std::vector<End> ends;  // in the order of the log, those after the first too
};

struct Cascade {
  int selector = 0;
  std::uint32_t id = 0;
  std::uint64_t before = 0;
  std::uint64_t seq = 0;
};

struct Client {
  std::string id;
  bool built_in = false;
  std::string status = "enabled";
  ClientSettings settings;
  std::uint32_t generation = 1;
  std::uint64_t created_at = 0;
  std::uint64_t updated_seq = 0;
};
struct Api {
  std::string identifier;
  bool built_in = false;
  bool deleted = false;
  ApiSettings settings;
  std::vector<std::string> names_ever;  // a scope's bit is its place here
  std::uint32_t own_key = 0;
  std::uint64_t updated_seq = 0;
};
struct Grant {
  std::uint32_t client = 0;
  std::uint32_t api = 0;
  std::vector<std::string> scopes;
  bool removed = false;
  std::uint64_t updated_seq = 0;
};
struct Key {
  int algorithm = 0;
  std::string kid;
  std::uint32_t api = 0;
  bool retired = false;
};
struct Remembered {
  Once once;
  std::uint64_t seq = 0;
  std::uint64_t at = 0;
};

struct Answer {
  std::string rejection;                 // empty: accepted
  std::optional<std::uint64_t> earlier;  // repeated: the seq of the first result
  std::vector<std::string> events;
};

struct Status {
  std::string name;  // unknown, active, revoked, expired
  const End* end = nullptr;
};

struct Totals {
  std::uint64_t issued = 0, active = 0, revoked = 0, expired = 0;
};

class Model {
 public:
  explicit Model(std::uint64_t chunks_per_lane) : chunks_per_lane_{chunks_per_lane} {}

  // `now` is the time the sequencer stamps; above last_at.
  Answer submit(const Command& command, std::uint64_t now);

  Status status(const Token& token, std::uint64_t seq, std::uint64_t at) const;
  // "good", "not_good" or "insufficient_scope", at the end of the log and the second `now`.
  std::string check(const Token& token, const std::string& audience,
                    const std::vector<std::string>& scopes, std::uint32_t now) const;
  Totals totals(std::uint64_t seq, std::uint64_t at) const;
  bool is_retired(TokenName name) const;
  const Token* find(TokenName name) const;
  // The greatest `before` of what was said about this selector; 0: nothing.
  std::uint64_t watermark(int selector, std::uint32_t id) const;
  std::uint64_t mask_of(std::uint32_t api, const std::vector<std::string>& names) const;
  std::vector<std::string> names_of(std::uint32_t api, std::uint64_t mask) const;
  std::vector<SweptToken> expiring(std::uint32_t from, std::uint32_t to) const;
  // Greatest counter ever used or given up, plus one.
  std::uint64_t next_counter(int lane) const;
  // What unretired tokens have in common -> how many of them.
  using Class = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, ApiList>;
  static Class class_of(const Issue& issue);
  std::map<Class, std::uint32_t> classes() const;
  std::vector<std::string> management_scopes(const Who& who) const;
  std::vector<Remembered> remembered() const;

  bool created = false;
  std::vector<std::array<std::uint64_t, kLanes>> openings;
  std::vector<Client> clients;  // number n at [n - 1], and so for all of these
  std::vector<Api> apis;
  std::vector<Grant> grants;
  std::vector<Key> keys;
  std::vector<Token> tokens;  // in the order of the log
  std::vector<Cascade> cascades;
  std::vector<Remembered> onces;
  std::vector<std::uint32_t> erased;           // owners, in the order of the log
  std::array<std::uint64_t, kLanes> oldest{};  // counters below are retired
  std::uint32_t swept_to = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t last_at = 0;

 private:
  std::string actor_fault() const;
  bool is_host() const { return command_->who.kind == 1 || command_->who.kind == 2; }
  bool may(const char* scope) const;
  bool covers(std::uint32_t api, const std::vector<std::string>& names) const;
  bool covers_what_is_held(std::uint32_t client) const;
  const Api* api(std::uint32_t number) const;
  std::uint32_t find_client(const std::string& id) const;
  std::uint32_t live_client(const std::string& id) const;
  std::uint32_t live_api(const std::string& identifier) const;
  std::uint32_t live_grant(std::uint32_t client, std::uint32_t api) const;
  std::uint32_t find_key(const std::string& kid) const;

  // Empty, or the rejection; what is accepted is applied and told with log().
  std::string on(const CreateLedger&);
  std::string on(const OpenLedger&);
  std::string on(const RegisterClient&);
  std::string on(const UpdateClient&);
  std::string on(const DisableClient&);
  std::string on(const EnableClient&);
  std::string on(const DeleteClient&);
  std::string on(const RotateSecret&);
  std::string on(const CreateApi&);
  std::string on(const UpdateApi&);
  std::string on(const DeleteApi&);
  std::string on(const AddGrant&);
  std::string on(const UpdateGrant&);
  std::string on(const RemoveGrant&);
  std::string on(const AddKey&);
  std::string on(const RetireKey&);
  std::string on(const Issue&);
  std::string on(const Revoke&);
  std::string on(const RevokeMany&);
  std::string on(const RevokeList&);
  // Why this good or ended token may not be revoked alone by whoever asks.
  std::string revocable(const Token& token) const;
  std::string on(const Sweep&);
  std::string on(const Note&);
  std::string on(const EraseOwner&);

  // Why this client may not be changed; sets `number`.
  std::string changeable(const std::string& client_id, std::uint32_t& number) const;
  std::string settable(const ClientSettings& settings) const;
  std::string settable(const ApiSettings& settings) const;
  std::string grantable(std::uint32_t api, const std::vector<std::string>& scopes) const;
  std::string known_grant(const std::string& client_id, const std::string& audience,
                          std::uint32_t& number) const;
  std::string issue_authority(const Issue&) const;
  std::string issue_policy(const Issue&, const ApiAndMask&) const;
  std::string issue_place(const Issue&) const;

  void log(const char* kind);
  void cascade(int selector, std::uint32_t id, std::uint64_t before, const char* cause);

  std::uint64_t chunks_per_lane_;
  const Command* command_ = nullptr;
  std::uint64_t now_ = 0;
  std::vector<std::string> told_;
};

}  // namespace oracle
