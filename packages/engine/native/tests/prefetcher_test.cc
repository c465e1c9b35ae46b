// The prefetcher against a real file: every group's bytes reach every thread in every pass, in order, whatever the slots,
// readers, threads and short reads; and every fault ends in its typed error, after which the next pass is whole again.
#include "engine/prefetcher.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "checksum/crc32c.h"
#include "engine/fault_injection.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

struct Fixture {
  std::string path;
  std::vector<uint8_t> bytes;
  std::vector<StreamedGroup> groups;
};

// Groups of uneven sizes at unaligned offsets; the last two are the head's.
Fixture Make(int count) {
  Fixture fixture;
  const char* directory = std::getenv("TMPDIR");
  fixture.path = std::string(directory ? directory : "/tmp") + "/flash-slim-prefetcher-XXXXXX";
  const int fd = mkstemp(fixture.path.data());
  CHECK(fd >= 0);
  uint64_t state = 1;
  size_t at = 0;
  for (int i = 0; i < count; i++) {
    const size_t size = 3000 + size_t(i * 7919) % 50000;
    fixture.groups.push_back({i, at, size, 0, i >= count - 2, -1, "group " + std::to_string(i)});
    at += size + (i % 3) * 64;
  }
  fixture.bytes.resize(AlignUp(at, kPageBytes));
  for (auto& byte : fixture.bytes) byte = uint8_t((state = state * 6364136223846793005ull + 1442695040888963407ull) >> 56);
  for (auto& g : fixture.groups) g.crc32c = Crc32c(&fixture.bytes[g.offset], g.size);
  CHECK(write(fd, fixture.bytes.data(), fixture.bytes.size()) == ssize_t(fixture.bytes.size()));
  fsync(fd);
  close(fd);
  return fixture;
}

constexpr size_t kSlotBytes = 64 << 10;
// Of what depends on timing. A sanitizer sees a race without its consequences: it needs fewer of them, and is slow.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 4;
#else
constexpr int kRounds = 20;
#endif

// One pass on `threads` threads; the number of groups that arrived whole on all of them, -1 after a failure.
int Pass(WeightChunkPrefetcher& prefetcher, const Fixture& fixture, int threads, bool with_head) {
  prefetcher.BeginPass(with_head);
  // As the operators do: `threads` uses of every group, each taken by whichever thread is free, in order.
  std::atomic<int> whole{0};
  std::atomic<size_t> next{0};
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; t++)
    workers.emplace_back([&] {
      std::atomic<uint64_t> waited_ns{0};
      for (size_t use; (use = next++) < fixture.groups.size() * size_t(threads);) {
        const size_t i = use / size_t(threads);
        const StreamedGroup& g = fixture.groups[i];
        if (g.head && !with_head) break;
        const uint8_t* data = prefetcher.Acquire(i, &waited_ns);
        if (!data) return;
        if (use % 11 == 3) std::this_thread::sleep_for(std::chrono::microseconds(300));  // lags behind with a slot
        if (std::memcmp(data, &fixture.bytes[g.offset], g.size) == 0) whole++;
        prefetcher.Release(i);
      }
    });
  for (auto& worker : workers) worker.join();
  if (prefetcher.failed()) return -1;
  prefetcher.ReadAhead();
  return whole / threads;
}

// The same on a pool's threads, which wait at a gate before they take a use. A worker may still be at its gate when the pass
// is over, so what it looks at there lives as long as the prefetcher, which the pool's threads do not outlive.
class GatedPasses {
 public:
  GatedPasses(WeightChunkPrefetcher& prefetcher, const Fixture& fixture, int threads)
      : prefetcher_(prefetcher), fixture_(fixture), threads_(threads), pool_(threads) {}

  // The number of groups that arrived whole for all uses, -1 after a failure.
  int Pass() {
    prefetcher_.BeginPass(true);
    std::atomic<int> whole{0};
    pool_.ForEach(
        int64_t(fixture_.groups.size()) * threads_,
        [&](int64_t use) {
          const size_t i = GroupOf(use);
          const uint8_t* data = prefetcher_.Acquire(i, &waited_ns_);
          if (!data) return;
          if (std::memcmp(data, &fixture_.bytes[fixture_.groups[i].offset], fixture_.groups[i].size) == 0) whole++;
          prefetcher_.Release(i);
        },
        {Wait, Wake, this});
    if (prefetcher_.failed()) return -1;
    prefetcher_.ReadAhead();
    return whole / threads_;
  }

 private:
  static void Wait(const void* owner, int64_t use, const Turn& turn) {
    const GatedPasses& self = *static_cast<const GatedPasses*>(owner);
    self.prefetcher_.Await(self.GroupOf(use), turn, &self.waited_ns_);
  }
  static void Wake(const void* owner) { static_cast<const GatedPasses*>(owner)->prefetcher_.Wake(); }
  size_t GroupOf(int64_t use) const { return size_t(use) / size_t(threads_); }

  WeightChunkPrefetcher& prefetcher_;
  const Fixture& fixture_;
  const int threads_;
  mutable std::atomic<uint64_t> waited_ns_{0};
  ThreadPool pool_;  // last: it ends first
};

void CheckStreams(const Fixture& fixture, const std::string& reader, int slots, int threads, std::vector<Fault> faults) {
  const DirectFile file = DirectFile::Open(fixture.path);
  WeightChunkPrefetcher prefetcher(file, fixture.groups, slots, kSlotBytes, threads, reader, true);
  prefetcher.WrapReader([&](auto inner) { return MakeFaultyReader(std::move(inner), faults); });
  prefetcher.ReadAhead();
  const int all = int(fixture.groups.size()), body = all - 2;
  for (bool with_head : {true, false, false, true, true, false})
    CHECK(Pass(prefetcher, fixture, threads, with_head) == (with_head ? all : body));
}

void CheckFault(const Fixture& fixture, const std::string& reader, const Fault& fault, const std::string& code) {
  const DirectFile file = DirectFile::Open(fixture.path);
  WeightChunkPrefetcher prefetcher(file, fixture.groups, 4, kSlotBytes, 2, reader, false);
  prefetcher.WrapReader([&](auto inner) { return MakeFaultyReader(std::move(inner), {fault}); });
  prefetcher.ReadAhead();
  int failures = 0;
  bool last_was_whole = false;
  for (int pass = 0; pass < 12; pass++) {
    const int whole = Pass(prefetcher, fixture, 2, true);
    last_was_whole = whole == int(fixture.groups.size());
    if (last_was_whole) continue;
    CHECK(whole == -1);  // never a pass that ends well with a group amiss
    failures++;
    CHECK(prefetcher.error().first == code);
    CHECK(prefetcher.error().second.find("group ") != std::string::npos);
    prefetcher.Reset();
    prefetcher.ReadAhead();
  }
  CHECK(failures >= 1 && last_was_whole);
  if (fault.count == 1) CHECK(failures == 1);
}

// Groups 10 to 21 and 22 to 33 are two chunks of six experts, two groups each.
void CheckExperts(Fixture fixture, const std::string& reader, int slots, int threads) {
  for (size_t i = 10; i < 34; i++) fixture.groups[i].expert = int(i - 10) / 2 % 6;
  const DirectFile file = DirectFile::Open(fixture.path);
  WeightChunkPrefetcher prefetcher(file, fixture.groups, slots, kSlotBytes, threads, reader, false);
  prefetcher.ReadAhead();
  std::vector<int> choices = {0, 63, 1, 32, 21, 42, 12, 0, 51};  // an expert a bit
  uint64_t reads = 0;
  for (int pass = 0; pass < 40; pass++) {
    const int choice = choices[pass % choices.size()];
    std::vector<bool> chosen;
    for (int expert = 0; expert < 6; expert++) chosen.push_back(choice >> expert & 1);
    const auto skipped = [&](size_t i) { return fixture.groups[i].expert >= 0 && !chosen[fixture.groups[i].expert]; };
    const bool with_head = pass % 3 != 1;
    prefetcher.BeginPass(with_head);
    std::atomic<int> whole{0};
    const size_t count = fixture.groups.size() - (with_head ? 0 : 2);
    for (const auto& [from, to] : {std::pair<size_t, size_t>{0, 10}, {10, count}}) {
      if (from == 10) prefetcher.Choose(10, 22, chosen), prefetcher.Choose(22, 34, chosen);
      std::atomic<size_t> next{from * threads};
      std::atomic<uint64_t> waited_ns{0};
      std::vector<std::thread> workers;
      for (int t = 0; t < threads; t++)
        workers.emplace_back([&, to = to] {
          for (size_t use; (use = next++) < to * size_t(threads);) {
            const size_t i = use / size_t(threads);
            if (skipped(i)) continue;
            const uint8_t* data = prefetcher.Acquire(i, &waited_ns);
            CHECK(data);
            if (std::memcmp(data, &fixture.bytes[fixture.groups[i].offset], fixture.groups[i].size) == 0) whole++;
            prefetcher.Release(i);
          }
        });
      for (auto& worker : workers) worker.join();
    }
    int wanted = 0;
    for (size_t i = 0; i < count; i++) wanted += !skipped(i);
    CHECK(whole == wanted * threads);
    reads += uint64_t(wanted);
    prefetcher.ReadAhead();
  }
  // What is read ahead of a pass that does not come is at most a ring; nothing else is read that was not chosen.
  CHECK(prefetcher.counters().reads >= reads && prefetcher.counters().reads <= reads + uint64_t(slots));
}

}  // namespace

int main() {
  const Fixture fixture = Make(40);
  std::vector<std::string> readers = {"pread"};
  {
    const DirectFile file = DirectFile::Open(fixture.path);
    if (std::string(MakeReader({"auto", file.fd(), true, 8, {}})->name()) != "pread") readers.push_back("io_uring");
    else std::puts("prefetcher_test: io_uring is not allowed here, only pread is tested");
  }
  for (const std::string& reader : readers) {
    for (int slots : {2, 3, 7, 16, 60})
      for (int threads : {1, 2, 3}) CheckStreams(fixture, reader, slots, threads, {});
    for (int slots : {2, 3, 7, 16})
      for (int threads : {1, 3}) CheckExperts(fixture, reader, slots, threads);
    for (uint64_t most : {4096, 5000, 20480}) CheckStreams(fixture, reader, 5, 2, {{"short", 0, 1u << 30, most}});
    CheckStreams(fixture, reader, 5, 2, {{"short", 3, 1, 100}});  // less than a page: read again
    CheckStreams(fixture, reader, 3, 2, {{"delay", 5, 3, 5}});
    for (uint64_t read : {0, 5, 55}) {
      CheckFault(fixture, reader, {"flip", read, 1, 2000}, "CHUNK_CORRUPT");
      for (int round = 0; round < kRounds; round++) CheckFault(fixture, reader, {"eio", read, 1, 0}, "CHUNK_READ_FAILED");
      CheckFault(fixture, reader, {"eof", read, 24, 0}, "CHUNK_TRUNCATED");
    }
    // A cancellation from outside, while threads wait.
    const DirectFile file = DirectFile::Open(fixture.path);
    WeightChunkPrefetcher prefetcher(file, fixture.groups, 2, kSlotBytes, 2, reader, false);
    prefetcher.WrapReader([&](auto inner) { return MakeFaultyReader(std::move(inner), {{"delay", 0, 1u << 30, 3}}); });
    prefetcher.ReadAhead();
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      prefetcher.Fail("CANCELLED", "cancelled");
    });
    CHECK(Pass(prefetcher, fixture, 2, true) == -1);
    canceller.join();
    CHECK(prefetcher.error().first == "CANCELLED");
    prefetcher.Reset();
    prefetcher.ReadAhead();
    CHECK(Pass(prefetcher, fixture, 2, true) == int(fixture.groups.size()));
  }
  // Threads that outlast their polling while others hold slots: somebody must always be left to reap.
  for (const std::string& reader : readers)
    for (int slots : {2, 3})
      for (int threads : {2, 3, 4}) {
        const DirectFile file = DirectFile::Open(fixture.path);
        WeightChunkPrefetcher prefetcher(file, fixture.groups, slots, kSlotBytes, threads, reader, false);
        prefetcher.ReadAhead();
        for (int pass = 0; pass < 25; pass++) CHECK(Pass(prefetcher, fixture, threads, true) == int(fixture.groups.size()));
      }
  for (const std::string& reader : readers)
    for (int slots : {3, 4, 7})
      for (int threads : {2, 3}) {
        const DirectFile file = DirectFile::Open(fixture.path);
        WeightChunkPrefetcher prefetcher(file, fixture.groups, slots, kSlotBytes, threads, reader, false);
        prefetcher.WrapReader([&](auto inner) { return MakeFaultyReader(std::move(inner), {{"eio", 410, 1, 0}}); });
        GatedPasses passes(prefetcher, fixture, threads);
        int failures = 0;
        for (int pass = 0; pass < 15; pass++) {
          if (passes.Pass() == int(fixture.groups.size())) continue;
          failures++;
          prefetcher.Reset();
        }
        CHECK(failures == 1);
      }
  // A file that shrinks while it is open.
  {
    const DirectFile file = DirectFile::Open(fixture.path);
    WeightChunkPrefetcher prefetcher(file, fixture.groups, 3, kSlotBytes, 1, readers.back(), false);
    CHECK(Pass(prefetcher, fixture, 1, false) == int(fixture.groups.size()) - 2);
    CHECK(truncate(fixture.path.c_str(), off_t(fixture.groups[20].offset)) == 0);
    CHECK(Pass(prefetcher, fixture, 1, true) == -1);
    CHECK(prefetcher.error().first == "CHUNK_TRUNCATED");
  }
  unlink(fixture.path.c_str());
  std::puts("prefetcher_test: ok");
}
