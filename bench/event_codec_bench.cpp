// Cost of canonical bytes: each committed event is encoded once, each replayed one decoded once.
#include <benchmark/benchmark.h>

#include "core/event_codec.hpp"

namespace tokenledger {
namespace {

Event issue_event() {
  TokenIssued token;
  token.index = TokenIndex{Lane::day, 123'456};
  token.token_sha256.fill(0x5A);
  token.token_class = ClassNumber{9};
  token.issued_at = UnixSeconds{1'800'000'000};
  token.expires_at = UnixSeconds{1'800'086'400};
  Event event;
  event.seq = Sequence{1};
  event.recorded_at = LedgerTime{1'800'000'000'000'000'000};
  event.actor = {
      .kind = ActorKind::client, .client = ClientNumber{7}, .generation = SecretGeneration{1}};
  event.payload = token;
  return event;
}

void BM_EventCodec_EncodeTokenIssued(benchmark::State& state) {
  EventEncoder encoder;
  Event event = issue_event();
  std::uint64_t bytes_written = 0;
  for (auto _ : state) {
    event.seq = event.seq.next();
    const auto bytes = encode_event(event, encoder);
    bytes_written += bytes->size();
    benchmark::DoNotOptimize(bytes->data());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["event_bytes"] =
      static_cast<double>(bytes_written) / static_cast<double>(state.iterations());
}
BENCHMARK(BM_EventCodec_EncodeTokenIssued);

void BM_EventCodec_DecodeTokenIssued(benchmark::State& state) {
  const auto shift = static_cast<std::size_t>(state.range(0));
  const auto bytes = *encode_event(issue_event());
  std::vector<std::uint8_t> shifted(shift);
  shifted.insert(shifted.end(), bytes.begin(), bytes.end());
  const auto view = std::span{shifted}.subspan(shift);
  Event event;
  std::uint64_t sequences = 0;
  for (auto _ : state) {
    if (decode_event_into(view, event)) sequences += event.seq.value();
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["sequences"] = static_cast<double>(sequences);
}
BENCHMARK(BM_EventCodec_DecodeTokenIssued)->ArgName("bytes_off_alignment")->Arg(0)->Arg(3);

}  // namespace
}  // namespace tokenledger
