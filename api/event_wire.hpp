// The wire form of events: {seq, recorded_at, kind, actor, request_id, data}.
//
// `data` uses the names of the other resources of /v1. Numbers of registered things become the
// names they have now. Left out: keyed hashes (of secrets and Idempotency-Keys) and the token list
// of a sweep, which /v1/tokens tells. Threads: any.
#pragma once

#include "api/event_reader.hpp"
#include "api/json_writer.hpp"

namespace tokenledger {

// Sealed fields stand as null unless the reader may see them elsewhere too.
struct EventVisibility {
  bool token_fields = false;  // owner, extra_fields, reason: what tokens:read shows
  bool notes = false;         // bodies of notes: audit:read
  bool people = false;        // logins, names, and why a user's things ended: users:read
};

// Appends one object.
void write_event(JsonWriter& json, const Ledger& ledger, const ReadEvent& read,
                 EventVisibility visibility);

}  // namespace tokenledger
