// The hooks through which the graph's operators reach the weights, and the one place that knows where each group is:
// in a resident's place for good, or in a slot for this moment.
//
//   LoadPrefetchPlan(plan) -> AttachPrefetcher(...) -> LoadResidents() -> per pass: BeginPass, then for every group of
//   every chunk in order of use, uses_per_group times, PreInvoke ... PostInvoke on any compute thread, then EndPass;
//   ResetBuffers after a failure.
//
// After a failure or a cancellation PreInvoke returns null on every thread, and error() says why.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/memory_region.h"
#include "engine/prefetcher.h"
#include "engine/weight_chunks.h"
#include "io/direct_file.h"

namespace flash_slim {

// Told of every use of a chunk, once per pass, in order: PRE_RUNTIME mode writes the CMT from it.
class MetadataWriter {
 public:
  virtual ~MetadataWriter() = default;
  virtual void OnChunkAccess(Mode mode, int weights_id, uint64_t compute_ns) = 0;
};

struct PrefetcherOptions {
  std::string reader = "auto";
  int uses_per_group = 1;
  bool huge_pages = true;
};

class WeightChunkController {
 public:
  // `chunks` by weights_id: all that the graph's operators may ask for.
  WeightChunkController(const DirectFile& file, std::vector<WeightChunk> chunks)
      : file_(file), chunks_(std::move(chunks)) {}

  // Throws Error PLAN_INVALID when the groups do not cover every streamed chunk exactly once, in order, and then
  // changes nothing. Else what an earlier plan had loaded is gone.
  void LoadPrefetchPlan(PrefetchPlan plan);
  void AttachPrefetcher(const PrefetcherOptions& options);
  void AttachMetadataWriter(MetadataWriter* writer) { metadata_writer_ = writer; }
  // Reads every resident group into its place and checks it. Throws CHUNK_CORRUPT, CHUNK_TRUNCATED, CHUNK_READ_FAILED.
  // `wrap`, where given, is put around their reader.
  using ReaderWrap = std::function<std::unique_ptr<Reader>(std::unique_ptr<Reader>)>;
  void LoadResidents(const std::string& reader, const std::atomic<bool>& cancelled, const ReaderWrap& wrap = nullptr);

  void BeginPass(Mode mode, bool with_head);
  void EndPass();
  // SwitchActiveBuffer happens inside PostInvoke: the slot just used becomes the one being filled.
  // Returns when PreInvoke would not block, or the turn has passed.
  void AwaitGroup(int group, const Turn& turn, std::atomic<uint64_t>* waited_ns) const {
    if (!places_[group].resident) prefetcher_->Await(places_[group].stream_index, turn, waited_ns);
  }
  void WakeWaiting() const {
    if (prefetcher_) prefetcher_->Wake();
  }
  const uint8_t* PreInvoke(int group, std::atomic<uint64_t>* waited_ns) {
    const Place& place = places_[group];
    if (place.resident) return stopped() ? nullptr : place.resident;
    return prefetcher_->Acquire(place.stream_index, waited_ns);
  }
  void PostInvoke(int group) {
    if (!places_[group].resident) SwitchActiveBuffer(group);
  }
  void SwitchActiveBuffer(int group) { prefetcher_->Release(places_[group].stream_index); }
  void ResetBuffers();
  // Which experts of a chunk this pass uses: once in a pass for each such chunk, before PreInvoke of its groups.
  void ChooseExperts(int weights_id, const std::vector<bool>& chosen);
  void OnChunkDone(int weights_id, uint64_t compute_ns) {
    if (metadata_writer_) metadata_writer_->OnChunkAccess(mode_, weights_id, compute_ns);
  }

  // Makes the pass under way stop at the next group. Any thread.
  void Fail(const std::string& code, const std::string& message);
  bool stopped() const { return stopped_.load(std::memory_order_relaxed) || (prefetcher_ && prefetcher_->failed()); }
  // The first failure: {code, message}.
  std::pair<std::string, std::string> error() const;

  const WeightChunk& chunk(int weights_id) const { return chunks_[weights_id]; }
  size_t chunk_count() const { return chunks_.size(); }
  const std::vector<int>& groups_of(int weights_id) const { return groups_of_[weights_id]; }
  const WeightGroup& group(int index) const { return plan_.groups[index]; }
  // A resident row block, or null when it has to be read.
  const uint8_t* ResidentRowBlock(int weights_id, int64_t row_block) const;

  uint64_t resident_bytes() const { return resident_bytes_; }
  uint64_t streamed_bytes() const { return streamed_bytes_; }
  bool residents_locked() const { return residents_locked_; }
  WeightChunkPrefetcher* prefetcher() { return prefetcher_.get(); }
  const DirectFile& file() const { return file_; }
  std::string DumpStatus() const;

 private:
  struct Place {
    uint8_t* resident = nullptr;
    size_t stream_index = 0;
  };
  StreamedGroup Describe(int group) const;

  const DirectFile& file_;
  std::vector<WeightChunk> chunks_;
  PrefetchPlan plan_;
  std::vector<Place> places_;                // by group
  std::vector<std::vector<int>> groups_of_;  // by weights_id
  MemoryRegion residents_;
  bool residents_locked_ = false;
  uint64_t resident_bytes_ = 0, streamed_bytes_ = 0;
  std::unique_ptr<WeightChunkPrefetcher> prefetcher_;
  MetadataWriter* metadata_writer_ = nullptr;
  Mode mode_ = Mode::kDecode;
  std::atomic<bool> stopped_{false};
  mutable std::mutex mutex_;  // guards error_, and prefetcher_ and the sums where other threads than the engine's look
  std::pair<std::string, std::string> error_;
};

}  // namespace flash_slim
