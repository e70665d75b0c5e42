// Every change on disk that an erasure makes fails once, in every way, and so does every change of
// the open that makes an erasure good. Then: what the log says was erased is erased, what it does
// not say is whole, and an answered erasure stays (INV-1, INV-8).
#include "core/event_codec.hpp"
#include "storage/fault_injection.hpp"
#include "storage/ledger.hpp"
#include "storage/ledger_core.hpp"
#include "tests/storage/temporary_directory.hpp"

namespace tokenledger {
namespace {

constexpr const char* kOwner = "Ada-Lovelace-7731";
constexpr const char* kFields = R"({"phone":"555-0199"})";
constexpr std::uint64_t kFaultPointsMax = 300;  // far beyond what one erasure changes

struct Way {
  const char* name;
  FaultKind kind;
  bool then_crash;
  bool power_goes;
};
constexpr Way kWays[] = {
    {"fails, process dies, power goes", FaultKind::not_persisted, true, true},
    {"fails but happens, process dies", FaultKind::persisted, true, false},
    {"fails but happens, process dies, power goes", FaultKind::persisted, true, true},
    {"happens in part, process dies", FaultKind::torn, true, false},
    {"fails once", FaultKind::not_persisted, false, false},
};

// A ledger directory on a disk that can be harmed.
class Place {
 public:
  explicit Place(const std::filesystem::path* copied_from = nullptr)
      : files_{std::make_shared<FaultInjectingFileLayer>(place_ / "scratch")} {
    if (copied_from == nullptr) return;
    std::filesystem::copy(*copied_from, directory(), std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::filesystem::path directory() const { return place_ / "ledger"; }
  FaultInjectingFileLayer& files() { return *files_; }

  Result<std::unique_ptr<Ledger>> open(std::string* why = nullptr) {
    LedgerOptions options;
    options.directory = directory();
    options.files = files_;
    options.free_bytes_min = 0;
    options.snapshot_every = 0;
    options.sweep_every = std::chrono::milliseconds{0};
    options.lane_capacities.fill(kChunkTokens);
    return Ledger::open(options, why);
  }
  void die(bool power_goes) {
    if (power_goes) {
      ASSERT_TRUE(files_->drop_unsynced());
    } else {
      files_->restart();
    }
  }

 private:
  testing_support::TemporaryDirectory place_;
  std::shared_ptr<FaultInjectingFileLayer> files_;
};

class EraseOwnerCrashTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = base_.open();
    ASSERT_TRUE(opened) << opened.error().message();
    IssueRequest request;
    request.audience = "urn:tokenledger:management";
    request.owner = kOwner;
    request.extra_fields = kFields;
    const auto issued = (*opened)->issue(std::move(request));
    ASSERT_TRUE(issued);
    token_ = issued->index;
    ASSERT_TRUE((*opened)->close());
    directory_ = base_.directory();
  }

  // What must hold after any fault.
  void expect_whole(Place& place, bool was_answered, const std::string& when) {
    std::string why;
    auto opened = place.open(&why);
    ASSERT_TRUE(opened) << when << why;
    auto& ledger = **opened;
    bool is_logged = false;
    for (Sequence seq{1}; seq <= ledger.committed(); seq = seq.next()) {
      const auto event = decode_event(*ledger.core().log->get(seq));
      ASSERT_TRUE(event) << when;
      is_logged = is_logged || std::holds_alternative<OwnerErased>(event->payload);
    }
    EXPECT_TRUE(is_logged || !was_answered) << when << "INV-1";
    const auto row = ledger.token(token_);
    ASSERT_TRUE(row) << when;
    const auto handle = *owner_handle(row->row.owner);
    const auto bytes = testing_support::contents(place.directory() / "keystore");
    const bool has_key = bytes.find({handle.data(), handle.size()}) != std::string::npos;
    EXPECT_EQ(ledger.is_erased(row->row.owner), is_logged) << when;
    EXPECT_EQ(ledger.is_erased(row->row.extra_fields), is_logged) << when;
    EXPECT_EQ(ledger.open_sealed(row->row.owner).has_value(), !is_logged) << when;
    EXPECT_EQ(has_key, !is_logged) << when;
    EXPECT_EQ(ledger.core().key_store->ids_of(kOwnerLookupKind).size(), is_logged ? 0u : 1u)
        << when;
    const auto again = ledger.erase_owner(kOwner, {});
    EXPECT_EQ(again.has_value(), !is_logged) << when;
    if (is_logged) ++logged_;
    ++tried_;
    ASSERT_TRUE(ledger.close()) << when;
  }

  Place base_;
  std::filesystem::path directory_;
  TokenIndex token_;
  std::uint64_t tried_ = 0;
  std::uint64_t logged_ = 0;
};

TEST_F(EraseOwnerCrashTest, INV1_INV8_AnErasureSurvivesEveryFailedChange) {
  std::uint64_t answered = 0;
  for (const auto& way : kWays) {
    bool was_reached = true;
    for (std::uint64_t step = 1; was_reached; ++step) {
      ASSERT_LT(step, kFaultPointsMax);
      Place place{&directory_};
      bool was_answered = false;
      std::string when;
      {
        auto opened = place.open();
        ASSERT_TRUE(opened);
        ASSERT_TRUE((*opened)->wait_for_views((*opened)->committed()));
        const auto operation = place.files().operation_count() + step;
        place.files().set_fault({operation, way.kind, 7, way.then_crash});
        const auto erased = (*opened)->erase_owner(kOwner, {.reason = "asked for"});
        was_answered = erased.has_value();
        EXPECT_TRUE(was_answered || erased.error() == Errc::unknown_outcome);
        was_reached = place.files().operation_count() >= operation;
        if (was_reached) when = place.files().trace()[operation - 1] + " " + way.name + ": ";
        if (was_reached && way.then_crash) place.files().crash();
      }
      place.die(way.power_goes && was_reached);
      answered += was_answered ? 1 : 0;
      expect_whole(place, was_answered, when);
      if (HasFailure()) return;
    }
  }
  std::printf("%llu faults: %llu erasures in the log, %llu answered\n",
              static_cast<unsigned long long>(tried_), static_cast<unsigned long long>(logged_),
              static_cast<unsigned long long>(answered));
  EXPECT_GT(tried_, 5 * std::size(kWays));
  EXPECT_GT(logged_, answered) << "some died between the event and the key store";
  EXPECT_LT(logged_, tried_) << "and some before the event";
}

TEST_F(EraseOwnerCrashTest, INV8_TheOpenThatRepeatsAnErasureMayFailAnywhereToo) {
  // The log says erased, the key store is the one from before.
  const auto key_store = directory_ / "keystore";
  {
    auto opened = base_.open();
    ASSERT_TRUE(opened);
    const auto old_key_store = testing_support::contents(key_store);
    ASSERT_TRUE((*opened)->erase_owner(kOwner, {}));
    ASSERT_TRUE((*opened)->close());
    opened->reset();
    testing_support::overwrite(key_store, old_key_store);
  }
  // Only the changes of the key store, and one on each side: the others are the crash tests'.
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  {
    Place place{&directory_};
    ASSERT_TRUE(place.open());
    const auto trace = place.files().trace();
    for (std::size_t at = 0; at < trace.size(); ++at) {
      if (trace[at].find("keystore") == std::string::npos) continue;
      if (first == 0) first = at;
      last = at + 2;
    }
  }
  ASSERT_GT(first, 0u);
  for (const auto& way : kWays) {
    for (std::uint64_t step = first; step <= last; ++step) {
      Place place{&directory_};
      bool was_reached = false;
      place.files().set_fault({step, way.kind, 7, way.then_crash});
      std::string when;
      {
        const auto opened = place.open();
        was_reached = place.files().operation_count() >= step;
        if (was_reached) when = place.files().trace()[step - 1] + " " + way.name + ": ";
        if (was_reached && way.then_crash) place.files().crash();
      }
      place.die(way.power_goes && was_reached);
      expect_whole(place, true, when);
      if (HasFailure()) return;
    }
  }
  std::printf("%llu faults\n", static_cast<unsigned long long>(tried_));
  EXPECT_GE(tried_, 5 * std::size(kWays));
}

}  // namespace
}  // namespace tokenledger
