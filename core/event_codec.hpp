// The canonical bytes of an event: what the log stores and what a Merkle leaf commits to.
//
// A FlatBuffer (core/event.fbs) in one fixed field order: the same event always gives the same
// bytes, on every machine and after every restart. The bytes of a format version never change;
// tests/core hold golden bytes of each kind. At most kEventBytesMax bytes; a client's token without
// a name takes 128.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/errc.hpp"
#include "core/event.hpp"

namespace tokenledger {

// A buffer that is used again for each event, so that encoding allocates nothing once it has grown.
// One thread at a time.
class EventEncoder {
 public:
  EventEncoder();
  ~EventEncoder();
  EventEncoder(EventEncoder&&) noexcept;
  EventEncoder& operator=(EventEncoder&&) noexcept;

 private:
  struct Buffer;
  std::unique_ptr<Buffer> buffer_;
  friend Result<std::span<const std::uint8_t>> encode_event(const Event& event,
                                                            EventEncoder& encoder);
};

// The span is good until the encoder's next use. too_large, invalid_argument, unsupported_format:
// the event is one that check_event (core/event_bounds.hpp) refuses.
[[nodiscard]] Result<std::span<const std::uint8_t>> encode_event(const Event& event,
                                                                 EventEncoder& encoder);
[[nodiscard]] Result<std::vector<std::uint8_t>> encode_event(const Event& event);

// Any bytes are safe. unsupported_format: an unknown kind, field or version; log_corrupt: anything
// else that is not an event that check_event accepts. Accepts other encodings of an event than the
// canonical one; see is_canonical.
[[nodiscard]] Result<Event> decode_event(std::span<const std::uint8_t> bytes);

// The same into an event whose strings and payload are used again. On failure `event` holds no
// meaningful value.
[[nodiscard]] Result<void> decode_event_into(std::span<const std::uint8_t> bytes, Event& event);

// Whether the bytes decode and are what encode_event would have written. Auditors ask this; replay
// need not, for HEAD commits to the bytes.
[[nodiscard]] bool is_canonical(std::span<const std::uint8_t> bytes);

}  // namespace tokenledger
