#include "engine/controller.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "checksum/crc32c.h"
#include "error.h"

namespace flash_slim {

void WeightChunkController::LoadPrefetchPlan(PrefetchPlan plan) {
  std::vector<std::vector<int>> groups_of(chunks_.size());
  std::vector<int64_t> covered(chunks_.size(), 0);
  uint64_t resident_bytes = 0, streamed_bytes = 0;
  int previous = 0;
  for (size_t i = 0; i < plan.groups.size(); i++) {
    const WeightGroup& g = plan.groups[i];
    if (g.weights_id < previous || g.weights_id >= int(chunks_.size()))
      throw Error("PLAN_INVALID", "group " + std::to_string(i) + " is out of order; plan again with flash-slim plan");
    const WeightChunk& chunk = chunks_[g.weights_id];
    const bool parts_pair = chunk.paired && (g.row_block_begin % 2 || g.row_block_end % 2);
    const bool spans_experts = chunk.experts > 0 && g.row_block_begin / RowBlocksPerExpert(chunk) !=
                                                        (g.row_block_end - 1) / RowBlocksPerExpert(chunk);
    if (g.row_block_begin != covered[g.weights_id] || g.row_block_end <= g.row_block_begin ||
        g.row_block_end > chunk.row_blocks || parts_pair || spans_experts)
      throw Error("PLAN_INVALID", "group " + std::to_string(i) + " does not continue " + chunk.name +
                                      "; plan again with flash-slim plan");
    covered[g.weights_id] = g.row_block_end;
    previous = g.weights_id;
    groups_of[g.weights_id].push_back(int(i));
    (g.resident ? resident_bytes : streamed_bytes) +=
        size_t(g.row_block_end - g.row_block_begin) * chunk.row_block_bytes;
  }
  for (const WeightChunk& chunk : chunks_) {
    // A chunk that only GatherRows uses (the embedding of an untied model) is read by rows and has no groups.
    const int64_t got = covered[chunk.weights_id];
    if (got != chunk.row_blocks && !(chunk.gathered && !chunk.head && got == 0))
      throw Error("PLAN_INVALID", "the plan leaves out part of " + chunk.name + "; plan again with flash-slim plan");
  }
  std::unique_ptr<WeightChunkPrefetcher> replaced;
  {
    std::lock_guard lock(mutex_);
    replaced = std::move(prefetcher_);
    resident_bytes_ = resident_bytes;
    streamed_bytes_ = streamed_bytes;
  }
  // Before anything of the new plan: both at once would not fit into the budget.
  replaced.reset();
  residents_ = MemoryRegion();
  residents_locked_ = false;
  places_.assign(plan.groups.size(), {});
  plan_ = std::move(plan);
  groups_of_ = std::move(groups_of);
}

StreamedGroup WeightChunkController::Describe(int index) const {
  const WeightGroup& g = plan_.groups[index];
  const WeightChunk& chunk = chunks_[g.weights_id];
  return {index,
          chunk.offset + uint64_t(g.row_block_begin) * chunk.row_block_bytes,
          size_t(g.row_block_end - g.row_block_begin) * chunk.row_block_bytes,
          g.crc32c,
          chunk.head,
          chunk.experts > 0 ? int(g.row_block_begin / RowBlocksPerExpert(chunk)) : -1,
          chunk.name + " (chunk " + std::to_string(g.weights_id) + ", row blocks " + std::to_string(g.row_block_begin) +
              " to " + std::to_string(g.row_block_end - 1) + ")"};
}

void WeightChunkController::AttachPrefetcher(const PrefetcherOptions& options) {
  std::vector<StreamedGroup> streamed;
  for (size_t i = 0; i < plan_.groups.size(); i++) {
    if (plan_.groups[i].resident) continue;
    places_[i].stream_index = streamed.size();
    streamed.push_back(Describe(int(i)));
  }
  if (streamed.empty()) return;
  if (plan_.slot_count < 2) throw Error("PLAN_INVALID", "a plan that streams needs at least 2 slots");
  auto prefetcher =
      std::make_unique<WeightChunkPrefetcher>(file_, std::move(streamed), plan_.slot_count, plan_.slot_bytes,
                                              options.uses_per_group, options.reader, options.huge_pages);
  std::lock_guard lock(mutex_);
  prefetcher_ = std::move(prefetcher);
}

void WeightChunkController::LoadResidents(const std::string& reader_kind, const std::atomic<bool>& cancelled,
                                          const ReaderWrap& wrap) {
  // Each resident keeps the page-aligned range it is read as, so that it is read straight into its place.
  struct Item {
    StreamedGroup group;
    uint8_t* place;
    uint64_t begin;
    size_t size, filled = 0;
    int stuck = 0;
  };
  std::vector<Item> items;
  size_t total = 0;
  for (size_t i = 0; i < plan_.groups.size(); i++) {
    if (!plan_.groups[i].resident) continue;
    Item item{Describe(int(i)), nullptr, 0, 0};
    item.begin = AlignDown(item.group.offset, kPageBytes);
    item.size = AlignUp(item.group.offset + item.group.size, kPageBytes) - item.begin;
    total += item.size;
    items.push_back(item);
  }
  if (items.empty()) return;
  residents_ = MemoryRegion(AlignUp(total, kPageBytes), true, false);
  uint8_t* place = residents_.data();
  for (Item& item : items) {
    item.place = place;
    place += item.size;
  }
  constexpr unsigned kDepth = 8;
  auto reader = MakeReader({reader_kind, file_.fd(), file_.direct(), kDepth, {}});
  if (wrap) reader = wrap(std::move(reader));
  // A read that is submitted waits until its pages are present, and clearing half a gigabyte takes one core longer than
  // reading it: the other cores clear ahead.
  struct Populating {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    ~Populating() {
      stop = true;
      for (auto& thread : threads) thread.join();
    }
  } populating;
  const size_t helpers = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  for (size_t i = 0; i < helpers; i++)
    populating.threads.emplace_back([&, i] { residents_.Populate(i, helpers, populating.stop); });
  size_t next = 0, in_flight = 0, checked = 0;
  std::vector<ReadCompletion> arrived;
  std::pair<std::string, std::string> failure;
  const auto start = [&](size_t i) {
    Item& item = items[i];
    const size_t from = AlignDown(item.filled, kPageBytes);
    const ReadRequest request{i, item.place + from, item.size - from, item.begin + from, -1};
    if (int error = reader->Submit(&request, 1)) {
      failure = {"CHUNK_READ_FAILED", "cannot start reading " + item.group.describe + ": " + std::strerror(-error)};
      return;
    }
    in_flight++;
  };
  // Reads under way are waited for even after a failure: they write into our memory.
  while ((failure.first.empty() && checked < items.size()) || in_flight) {
    if (cancelled && failure.first.empty()) failure = {"CANCELLED", "cancelled while loading weights"};
    while (failure.first.empty() && next < items.size() && in_flight < kDepth) start(next++);
    if (!in_flight) break;
    arrived.clear();
    reader->Reap(true, &arrived);
    for (const ReadCompletion& completion : arrived) {
      in_flight--;
      Item& item = items[completion.tag];
      if (!failure.first.empty()) continue;
      const size_t before = item.filled, lead = item.group.offset - item.begin;
      if (completion.result > 0) item.filled = AlignDown(before, kPageBytes) + size_t(completion.result);
      if (!file_.direct()) posix_fadvise(file_.fd(), off_t(item.begin), off_t(item.size), POSIX_FADV_DONTNEED);
      if (item.filled >= lead + item.group.size) {
        checked++;
        if (Crc32c(item.place + lead, item.group.size) != item.group.crc32c)
          failure = {"CHUNK_CORRUPT",
                     "wrong checksum in " + item.group.describe + " of " + file_.path() +
                         ": the bytes on flash are not those that were written; rebuild it with flash-slim profile"};
        places_[item.group.group].resident = item.place + lead;
      } else if (completion.result < 0 && completion.result != -EINTR && completion.result != -EAGAIN) {
        failure = {"CHUNK_READ_FAILED", "reading " + item.group.describe +
                                            " failed: " + std::strerror(int(-completion.result)) +
                                            "; check the storage that holds " + file_.path()};
      } else if ((item.stuck = item.filled > before ? 0 : item.stuck + 1) >= 4) {
        failure = {"CHUNK_TRUNCATED", "the weight cache ends inside " + item.group.describe + ": " + file_.path() +
                                          " shrank or was replaced; rebuild it with flash-slim profile"};
      } else {
        start(completion.tag);
      }
    }
  }
  if (!failure.first.empty()) throw Error(failure.first, failure.second);
  residents_locked_ = residents_.Lock();
}

const uint8_t* WeightChunkController::ResidentRowBlock(int weights_id, int64_t row_block) const {
  const std::vector<int>& groups = groups_of_[weights_id];
  auto found = std::partition_point(groups.begin(), groups.end(),
                                    [&](int g) { return plan_.groups[g].row_block_end <= row_block; });
  if (found == groups.end() || !places_[*found].resident) return nullptr;
  const WeightGroup& g = plan_.groups[*found];
  return places_[*found].resident + size_t(row_block - g.row_block_begin) * chunks_[weights_id].row_block_bytes;
}

void WeightChunkController::BeginPass(Mode mode, bool with_head) {
  mode_ = mode;
  if (prefetcher_) prefetcher_->BeginPass(with_head);
}

void WeightChunkController::EndPass() {
  if (prefetcher_) prefetcher_->ReadAhead();
}

void WeightChunkController::ChooseExperts(int weights_id, const std::vector<bool>& chosen) {
  size_t begin = 0, count = 0;
  for (int group : groups_of_[weights_id]) {
    if (places_[group].resident) continue;
    if (count++ == 0) begin = places_[group].stream_index;
  }
  if (count > 0) prefetcher_->Choose(begin, begin + count, chosen);
}

void WeightChunkController::ResetBuffers() {
  if (prefetcher_) {
    prefetcher_->Reset();
    prefetcher_->ReadAhead();
  }
  std::lock_guard lock(mutex_);
  error_ = {};
  stopped_ = false;
}

void WeightChunkController::Fail(const std::string& code, const std::string& message) {
  std::lock_guard lock(mutex_);
  if (error_.first.empty()) error_ = {code, message};
  stopped_ = true;
  if (prefetcher_) prefetcher_->Fail(code, message);
}

std::pair<std::string, std::string> WeightChunkController::error() const {
  if (prefetcher_ && prefetcher_->failed()) return prefetcher_->error();
  std::lock_guard lock(mutex_);
  return error_;
}

std::string WeightChunkController::DumpStatus() const {
  std::lock_guard lock(mutex_);
  return std::to_string(resident_bytes_) + " bytes resident, " + std::to_string(streamed_bytes_) +
         " streamed per pass\n" + (prefetcher_ ? prefetcher_->DumpStatus() : "");
}

}  // namespace flash_slim
