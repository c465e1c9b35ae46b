#include "engine/prefetcher.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "checksum/crc32c.h"
#include "engine/clock.h"
#include "error.h"

namespace flash_slim {
namespace {

// How long a thread polls before it sleeps: about what a sleep and a wake-up cost. Longer would take the core from
// whoever shares it with us.
constexpr uint64_t kPollNs = 30'000;
constexpr int kMostStuckReads = 4;
constexpr size_t kFewestSlotsToKeepOne = 4;

}  // namespace

WeightChunkPrefetcher::WeightChunkPrefetcher(const DirectFile& file, std::vector<StreamedGroup> groups, int slot_count,
                                             size_t slot_bytes, int uses_per_group, const std::string& reader_kind,
                                             bool huge_pages)
    : file_(file),
      groups_(std::move(groups)),
      uses_per_group_(uses_per_group),
      slot_bytes_(slot_bytes),
      memory_(AlignUp(slot_bytes * slot_count, kHugePageBytes), huge_pages, true),
      slots_(slot_count),
      wanted_(groups_.size(), Wanted::kYes) {
  while (body_count_ < groups_.size() && !groups_[body_count_].head) body_count_++;
  ReaderOptions options{reader_kind, file.fd(), file.direct(), unsigned(slot_count), {}};
  for (int i = 0; i < slot_count; i++) {
    slots_[i].buffer = memory_.data() + slot_bytes * i;
    options.buffers.push_back({slots_[i].buffer, slot_bytes});
  }
  for (const StreamedGroup& g : groups_) {
    if (AlignUp(g.offset + g.size, kPageBytes) - AlignDown(g.offset, kPageBytes) > slot_bytes)
      throw Error("PLAN_INVALID", "a slot of " + std::to_string(slot_bytes) + " bytes is too small for " + g.describe);
  }
  reader_ = MakeReader(options);
}

WeightChunkPrefetcher::~WeightChunkPrefetcher() {
  // The kernel writes into the slots until the last read is done.
  Fail("CANCELLED", "closing");
  for (;;) {
    // Counted under the lock: a worker still at its gate may reap the last one, and then none would end the wait.
    std::lock_guard reap(reap_mutex_);
    {
      std::lock_guard lock(submit_mutex_);
      if (in_flight_ == 0) break;
    }
    Reap(true);
  }
}

void WeightChunkPrefetcher::BeginPass(bool with_head) {
  std::lock_guard lock(submit_mutex_);
  pass_base_ += pass_length_;
  pass_length_ = with_head ? groups_.size() : body_count_;
  acquire_base_.store(pass_base_, std::memory_order_release);
  for (size_t i = 0; i < groups_.size(); i++)
    if (groups_[i].expert >= 0) wanted_[i] = Wanted::kUnknown;
  RefillLocked(true);
}

void WeightChunkPrefetcher::Choose(size_t begin, size_t end, const std::vector<bool>& chosen) {
  std::lock_guard lock(submit_mutex_);
  for (size_t i = begin; i < end; i++) wanted_[i] = chosen[groups_[i].expert] ? Wanted::kYes : Wanted::kNo;
  RefillLocked(true);
}

void WeightChunkPrefetcher::ReadAhead() {
  std::lock_guard lock(submit_mutex_);
  RefillLocked(true);
}

void WeightChunkPrefetcher::Reset() {
  for (;;) {
    // Counted under the lock: a worker still at its gate may reap the last one, and then none would end the wait.
    std::lock_guard reap(reap_mutex_);
    {
      std::lock_guard lock(submit_mutex_);
      if (in_flight_ == 0) break;
    }
    Reap(true);
  }
  std::lock_guard lock(submit_mutex_);
  for (Slot& slot : slots_) {
    // A worker that waited at a gate may still be checking: it holds no item of the pass, so nobody has waited for it.
    for (uint64_t word = slot.word.load(std::memory_order_acquire);;) {
      if (StateOf(word) != SlotState::kChecking) {
        if (slot.word.compare_exchange_weak(word, Word(0, SlotState::kFree), std::memory_order_acq_rel)) break;
      } else {
        CpuPause();
        word = slot.word.load(std::memory_order_acquire);
      }
    }
    slot.released = 0;
    slot.group = nullptr;
  }
  pass_base_ = next_ticket_;
  pass_length_ = 0;
  acquire_base_ = pass_base_;
  std::lock_guard error_lock(error_mutex_);
  error_code_.clear();
  error_message_.clear();
  failed_ = false;
}

bool WeightChunkPrefetcher::NextGroupLocked(size_t* index) {
  for (; next_ticket_ < pass_base_ + pass_length_; next_ticket_++) {
    *index = next_ticket_ - pass_base_;
    if (wanted_[*index] != Wanted::kNo) return wanted_[*index] == Wanted::kYes;
  }
  *index = next_ticket_ - pass_base_ - pass_length_;  // the next pass, of which only the body is certain
  return *index < body_count_ && groups_[*index].expert < 0;
}

ReadRequest WeightChunkPrefetcher::RequestFor(Slot& slot, uint64_t ticket) const {
  const StreamedGroup& g = *slot.group;
  const uint64_t begin = AlignDown(g.offset, kPageBytes), end = AlignUp(g.offset + g.size, kPageBytes);
  const size_t from = AlignDown(slot.filled, kPageBytes);
  return {ticket, slot.buffer + from, size_t(end - begin) - from, begin + from, int(&slot - slots_.data())};
}

void WeightChunkPrefetcher::RefillLocked(bool keep_one) {
  ReadRequest requests[64];
  size_t count = 0, index;
  // With few slots the depth would suffer.
  keep_one &= slots_.size() >= kFewestSlotsToKeepOne;
  while (!failed() && count < std::size(requests) && NextGroupLocked(&index)) {
    Slot& slot = slots_[next_ticket_ % slots_.size()];
    // Slots come free out of order where one thread lags behind; they are filled in order.
    if (StateOf(slot.word.load(std::memory_order_relaxed)) != SlotState::kFree) break;
    const Slot& after = slots_[(next_ticket_ + 1) % slots_.size()];
    if (keep_one && in_flight_ + count && StateOf(after.word.load(std::memory_order_relaxed)) != SlotState::kFree) break;
    slot.group = &groups_[index];
    slot.lead = slot.group->offset % kPageBytes;
    slot.filled = 0;
    slot.stuck = 0;
    slot.released.store(0, std::memory_order_relaxed);
    slot.word.store(Word(next_ticket_, SlotState::kFilling), std::memory_order_release);
    requests[count++] = RequestFor(slot, next_ticket_);
    next_ticket_++;
  }
  if (count) SubmitLocked(requests, count);
}

void WeightChunkPrefetcher::SubmitLocked(const ReadRequest* requests, size_t count) {
  if (in_flight_ == 0) busy_since_ns_ = NowNs();
  in_flight_ += count;
  if (int error = reader_->Submit(requests, count)) {
    in_flight_ -= count;
    Fail("CHUNK_READ_FAILED", std::string("cannot start reading the weight cache: ") + std::strerror(-error));
  }
}

void WeightChunkPrefetcher::Reap(bool wait) {
  reaped_.clear();
  reader_->Reap(wait, &reaped_);
  for (const ReadCompletion& completion : reaped_) Arrived(completion);
  if (reaped_.empty()) return;
  {
    std::lock_guard lock(submit_mutex_);
    RefillLocked(false);
  }
  Signal();
}

void WeightChunkPrefetcher::Arrived(const ReadCompletion& completion) {
  Slot& slot = slots_[completion.tag % slots_.size()];
  const StreamedGroup& g = *slot.group;
  const size_t needed = slot.lead + g.size;
  const size_t before = slot.filled;
  if (completion.result > 0)
    slot.filled = std::max(before, AlignDown(before, kPageBytes) + size_t(completion.result));
  const bool retry = completion.result >= 0 || completion.result == -EINTR || completion.result == -EAGAIN;
  const bool whole = slot.filled >= needed;
  bool again = false;
  if (!whole && retry && !failed()) {
    slot.stuck = slot.filled > before ? 0 : slot.stuck + 1;
    again = slot.stuck < kMostStuckReads;
  }
  if (!file_.direct()) posix_fadvise(file_.fd(), off_t(AlignDown(g.offset, kPageBytes)), off_t(needed), POSIX_FADV_DONTNEED);
  {
    std::lock_guard lock(submit_mutex_);
    if (completion.result > 0) counters_.bytes_read += uint64_t(completion.result);
    counters_.reads++;
    if (--in_flight_ == 0) counters_.busy_ns += NowNs() - busy_since_ns_;
    if (again) {
      const ReadRequest request = RequestFor(slot, completion.tag);
      SubmitLocked(&request, 1);
    }
  }
  if (whole) {
    slot.word.store(Word(completion.tag, SlotState::kFilled), std::memory_order_release);
  } else if (!again && !failed()) {
    if (retry)
      Fail("CHUNK_TRUNCATED", "the weight cache ended at byte " +
                                  std::to_string(AlignDown(g.offset, kPageBytes) + slot.filled) + ", inside " +
                                  g.describe + ": " + file_.path() + " shrank or was replaced; rebuild it with flash-slim profile");
    else
      Fail("CHUNK_READ_FAILED", "reading " + g.describe + " failed: " + std::strerror(int(-completion.result)) +
                                    "; check the storage that holds " + file_.path());
  }
}

void WeightChunkPrefetcher::Await(size_t stream_index, const Turn& turn, std::atomic<uint64_t>* waited_ns) {
  const uint64_t ticket = acquire_base_.load(std::memory_order_acquire) + stream_index;
  WaitUntilReady(slots_[ticket % slots_.size()], ticket, &turn, waited_ns);
}

const uint8_t* WeightChunkPrefetcher::Acquire(size_t stream_index, std::atomic<uint64_t>* waited_ns) {
  const uint64_t ticket = acquire_base_.load(std::memory_order_acquire) + stream_index;
  Slot& slot = slots_[ticket % slots_.size()];
  return WaitUntilReady(slot, ticket, nullptr, waited_ns) ? slot.buffer + slot.lead : nullptr;
}

// False after a failure, or when the turn has passed.
bool WeightChunkPrefetcher::WaitUntilReady(Slot& slot, uint64_t ticket, const Turn* turn,
                                           std::atomic<uint64_t>* waited_ns) {
  uint64_t waiting_since = 0;
  const auto stop_waiting = [&] {
    if (waiting_since) waited_ns->fetch_add(NowNs() - waiting_since, std::memory_order_relaxed);
    waiting_since = 0;
  };
  bool ready = false;
  while (!failed()) {
    const uint32_t event = events_.load(std::memory_order_acquire);
    if (turn && turn->Passed()) break;
    uint64_t word = slot.word.load(std::memory_order_acquire);
    if (word == Word(ticket, SlotState::kReady)) {
      ready = true;
      break;
    }
    if (word == Word(ticket, SlotState::kFilled)) {
      if (slot.word.compare_exchange_strong(word, Word(ticket, SlotState::kChecking))) {
        stop_waiting();
        CheckSum(slot, ticket);
      }
      continue;
    }
    if (CheckAhead(ticket)) continue;
    const uint64_t now = NowNs();
    if (!waiting_since) waiting_since = now;
    const bool polling = now - waiting_since <= kPollNs;
    // A slot that an older ticket still holds is freed by a compute thread, not by a completion: no sleeping on those.
    const bool arriving = word == Word(ticket, SlotState::kFilling);
    if (arriving || polling) {
      std::unique_lock reap(reap_mutex_, std::try_to_lock);
      if (reap.owns_lock()) {
        // Whoever reaped before us may have brought it meanwhile: then there may be nothing left to wait for.
        const bool still = slot.word.load(std::memory_order_acquire) == word;
        // After a failure the read may be over without having filled the slot: nothing would end the wait.
        Reap(arriving && still && !polling && !failed());
        reap.unlock();
        // Whoever failed to take the lock meanwhile may be asleep, and this thread may be about to sleep itself, for a slot
        // that no completion frees: somebody has to be left to reap.
        Signal();
        CpuPause();
        continue;
      }
    }
    if (polling) CpuPause();
    else events_.wait(event);
  }
  stop_waiting();
  return ready;
}

// Checks a group that has arrived for later, while there is nothing better to do: true when there was one.
bool WeightChunkPrefetcher::CheckAhead(uint64_t ticket) {
  for (uint64_t later = ticket + 1; later < ticket + slots_.size(); later++) {
    Slot& slot = slots_[later % slots_.size()];
    uint64_t word = Word(later, SlotState::kFilled);
    if (!slot.word.compare_exchange_strong(word, Word(later, SlotState::kChecking))) continue;
    CheckSum(slot, later);
    return true;
  }
  return false;
}

void WeightChunkPrefetcher::CheckSum(Slot& slot, uint64_t ticket) {
  if (Crc32c(slot.buffer + slot.lead, slot.group->size) == slot.group->crc32c) {
    slot.word.store(Word(ticket, SlotState::kReady), std::memory_order_release);
    Signal();
  } else {
    Fail("CHUNK_CORRUPT", "wrong checksum in " + slot.group->describe + " of " + file_.path() +
                              ": the bytes on flash are not those that were written; rebuild it with flash-slim profile");
    slot.word.store(Word(ticket, SlotState::kFilled), std::memory_order_release);  // Reset waits for those that are checked
  }
}

void WeightChunkPrefetcher::Signal() {
  events_.fetch_add(1, std::memory_order_release);
  events_.notify_all();
}

void WeightChunkPrefetcher::Release(size_t stream_index) {
  const uint64_t ticket = acquire_base_.load(std::memory_order_relaxed) + stream_index;
  Slot& slot = slots_[ticket % slots_.size()];
  if (slot.released.fetch_add(1, std::memory_order_acq_rel) + 1 < uses_per_group_) return;
  {
    std::lock_guard lock(submit_mutex_);
    slot.word.store(Word(ticket, SlotState::kFree), std::memory_order_release);
    RefillLocked(true);
  }
  // What has arrived meanwhile frees the read that was kept back.
  if (std::unique_lock reap(reap_mutex_, std::try_to_lock); reap.owns_lock()) Reap(false);
  Signal();
}

void WeightChunkPrefetcher::Fail(const std::string& code, const std::string& message) {
  {
    std::lock_guard lock(error_mutex_);
    if (error_code_.empty()) {
      error_code_ = code;
      error_message_ = message;
    }
    failed_.store(true, std::memory_order_release);
  }
  Signal();
}

std::pair<std::string, std::string> WeightChunkPrefetcher::error() const {
  std::lock_guard lock(error_mutex_);
  return {error_code_, error_message_};
}

PrefetchCounters WeightChunkPrefetcher::counters() {
  std::lock_guard lock(submit_mutex_);
  PrefetchCounters counters = counters_;
  if (in_flight_) counters.busy_ns += NowNs() - busy_since_ns_;
  return counters;
}

std::string WeightChunkPrefetcher::DumpStatus() const {
  static const char* const kNames[] = {"FREE", "FILLING", "FILLED", "CHECKING", "READY"};
  std::string text;
  for (const Slot& slot : slots_) {
    const SlotState state = StateOf(slot.word.load());
    const bool in_use = state == SlotState::kReady && slot.released.load() > 0;
    text += "slot " + std::to_string(&slot - slots_.data()) + ": " + (in_use ? "IN_USE" : kNames[int(state)]);
    if (slot.group) text += ", " + slot.group->describe;
    text += "\n";
  }
  return text;
}

}  // namespace flash_slim
