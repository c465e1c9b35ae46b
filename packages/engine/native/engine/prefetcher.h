// Reads the streamed groups in order of use, ahead of the compute threads, into a ring of slots.
//
// A ticket numbers one read of one group; tickets rise for ever and ticket % slots is the slot. A slot goes FREE -> FILLING
// -> FILLED -> CHECKING -> READY (IN_USE once a thread holds it) -> FREE. There is no thread between reading and computing:
// the last compute thread to release a slot submits the next read, and the thread that needs a group reaps completions
// and checks the sum. (A third thread on two cores cost a third of the bandwidth.)
//
// One free slot is kept back while reads are under way, and its read is submitted the moment completions arrive. Devices that
// finish what is queued before they say so (virtio does) would otherwise idle from there until the first group is computed.
//
// Order of a pass: the body's groups, then the head's where logits are wanted. The next pass's body is read ahead while this
// pass ends; its head is not, since nobody knows yet whether it is wanted.
//
// Groups of experts wait, and what follows them, until the pass has chosen: then those not chosen are passed over. Their
// tickets are used up unread, so that a group's ticket always follows from its place in the pass.
//
// Threads: BeginPass, Reset from the engine's thread between passes; Await, Acquire, Release from all compute threads, in
// order of use, the latter two `uses_per_group` times for every streamed group of the pass; Fail from anywhere.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/memory_region.h"
#include "engine/reader.h"
#include "engine/thread_pool.h"
#include "engine/weight_chunks.h"
#include "io/direct_file.h"

namespace flash_slim {

enum class SlotState : uint8_t { kFree, kFilling, kFilled, kChecking, kReady };

struct StreamedGroup {
  int group;             // index into the plan's groups
  uint64_t offset;       // of the group's bytes in the file
  size_t size;
  uint32_t crc32c;
  bool head;
  int expert;            // read in passes that choose it; -1: in all
  std::string describe;  // "layer 3 gate_up (chunk 14), row blocks 0-99", for errors
};

struct PrefetchCounters {
  uint64_t bytes_read = 0;
  uint64_t reads = 0;
  uint64_t busy_ns = 0;  // time with at least one read under way
};

class WeightChunkPrefetcher {
 public:
  // `groups` in order of use, head groups last.
  WeightChunkPrefetcher(const DirectFile& file, std::vector<StreamedGroup> groups, int slot_count, size_t slot_bytes,
                        int uses_per_group, const std::string& reader_kind, bool huge_pages);
  ~WeightChunkPrefetcher();

  void BeginPass(bool with_head);
  // Starts reading the next pass's body into free slots: before the first pass, and after each that succeeded.
  void ReadAhead();
  // After a failed or cancelled pass: waits for reads under way, frees every slot, starts over at the body's beginning.
  void Reset();

  // Which experts this pass uses of a chunk whose groups are [begin, end) among the streamed ones. Once in a pass for every
  // chunk of experts, before its groups are acquired; only chosen ones may be.
  void Choose(size_t begin, size_t end, const std::vector<bool>& chosen);

  // Returns once the group with this index among the streamed ones is READY in this pass, after a failure, or soon after the
  // turn has passed. `waited_ns` grows by the time spent waiting (checking not included).
  void Await(size_t stream_index, const Turn& turn, std::atomic<uint64_t>* waited_ns);
  // Makes whoever waits look again.
  void Wake() { Signal(); }
  // Blocks until the group with this index among the streamed ones is READY in this pass. Null after a failure or a
  // cancellation: see error(). `waited_ns` as in Await.
  const uint8_t* Acquire(size_t stream_index, std::atomic<uint64_t>* waited_ns);
  void Release(size_t stream_index);

  // Makes every waiting and later Acquire of this pass return null.
  void Fail(const std::string& code, const std::string& message);
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  // The first failure's code and message; code is empty when there was none.
  std::pair<std::string, std::string> error() const;

  // Puts a wrapper around the reader (fault injection in tests). Before the first pass only.
  template <class Wrap>
  void WrapReader(Wrap wrap) {
    reader_ = wrap(std::move(reader_));
  }

  PrefetchCounters counters();
  const char* reader_name() const { return reader_->name(); }
  const MemoryRegion& slots_memory() const { return memory_; }
  std::string DumpStatus() const;

 private:
  static constexpr uint64_t Word(uint64_t ticket, SlotState state) { return ticket << 3 | uint64_t(state); }
  static constexpr SlotState StateOf(uint64_t word) { return SlotState(word & 7); }

  struct Slot {
    uint8_t* buffer = nullptr;
    // Ticket and state in one word: read apart, an old ticket's READY could be taken for the new ticket's.
    std::atomic<uint64_t> word{Word(0, SlotState::kFree)};
    std::atomic<int> released{0};
    size_t lead = 0;         // bytes before the group in the page-aligned read
    size_t filled = 0;       // bytes that have arrived
    int stuck = 0;           // reads in a row that brought nothing new
    const StreamedGroup* group = nullptr;
  };

  void RefillLocked(bool keep_one);
  bool WaitUntilReady(Slot& slot, uint64_t ticket, const Turn* turn, std::atomic<uint64_t>* waited_ns);
  bool CheckAhead(uint64_t ticket);
  bool NextGroupLocked(size_t* index);
  void SubmitLocked(const ReadRequest* requests, size_t count);
  ReadRequest RequestFor(Slot& slot, uint64_t ticket) const;
  void Reap(bool wait);  // reap_mutex_ held
  void Arrived(const ReadCompletion& completion);
  void CheckSum(Slot& slot, uint64_t ticket);
  void Signal();

  const DirectFile& file_;
  const std::vector<StreamedGroup> groups_;
  size_t body_count_ = 0;
  const int uses_per_group_;
  const size_t slot_bytes_;
  MemoryRegion memory_;
  std::vector<Slot> slots_;
  std::unique_ptr<Reader> reader_;

  mutable std::mutex submit_mutex_;  // guards what follows
  uint64_t next_ticket_ = 0;         // the next read to submit
  uint64_t pass_base_ = 0;           // ticket of the pass's first group
  uint64_t pass_length_ = 0;         // its streamed groups
  // By index among the groups: whether this pass reads it. Only experts' are ever other than kYes.
  enum class Wanted : uint8_t { kYes, kNo, kUnknown };
  std::vector<Wanted> wanted_;
  uint64_t in_flight_ = 0;
  uint64_t busy_since_ns_ = 0;
  PrefetchCounters counters_;

  std::mutex reap_mutex_;  // guards the reader's completions and reaped_
  std::vector<ReadCompletion> reaped_;

  // Grows with every event that a sleeping thread may wait for: a slot filled, checked or freed, a failure, a reaper that
  // stops reaping.
  std::atomic<uint32_t> events_{0};
  std::atomic<uint64_t> acquire_base_{0};  // pass_base_, read without the lock
  std::atomic<bool> failed_{false};
  mutable std::mutex error_mutex_;
  std::string error_code_, error_message_;
};

}  // namespace flash_slim
