// A model ready to run: graph session, weights under a plan, KV cache, compute threads. One pass at a time, each
// serving any number of sequences whose tokens lie end to end.
//
// Life: construct (the process is then "ready": nothing of the weights is in memory), Load, Pass many times. Another
// Load replaces all that the one before brought, sequences too; after one that failed there is nothing to run passes
// with. All but Cancel and DumpStatus are called from one thread.
//
// Load and Pass take a flag that whoever cancels them sets before calling Cancel: one that comes before its call has
// begun is not lost, and one that comes after its call has ended does not touch the next.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/adapter.h"
#include "engine/controller.h"
#include "engine/fault_injection.h"
#include "engine/kv_cache.h"
#include "engine/pass_state.h"
#include "engine/session.h"

namespace flash_slim {

struct EngineOptions {
  std::string runtime_library;  // libonnxruntime.so.1
  std::string weight_cache;
  uint64_t weight_cache_bytes = 0;  // as its header says; another size means a damaged file
  std::vector<uint8_t> graph;
  std::vector<WeightChunk> chunks;
  int64_t vocabulary = 0;
  std::string profile_prefix;
};

struct LoadOptions {
  PrefetchPlan plan;
  KvShape kv;
  int threads = 1;
  int max_tokens_per_pass = 1;
  int max_logit_rows = 1;
  std::string kernel = "auto";
  std::string reader = "auto";
  bool float_activations = false;
  bool huge_pages = true;
  std::vector<Fault> faults;
};

struct LoadReport {
  std::string kernel, reader;
  bool direct = false, residents_locked = false;
  uint64_t resident_bytes = 0, streamed_bytes = 0, kv_bytes = 0, slot_huge_bytes = 0;
};

struct AdapterUse {
  int adapter;
  float scale;
};

struct PassRequest {
  std::vector<int64_t> tokens;         // of all parts, end to end
  std::vector<KvCache::Growth> parts;  // sequences, and how many of the tokens each takes
  std::vector<int64_t> logit_rows;     // indexes into tokens, ascending
  // Of each part, or empty. A sequence keeps its adapters from its first token on, as its keys and values hold them.
  std::vector<std::vector<AdapterUse>> adapters;
};

struct PassFigures {
  uint64_t wall_ns = 0;
  uint64_t stall_ns = 0;             // compute waited for reads, mean over the threads
  uint64_t streamed_compute_ns = 0;  // inside StreamMatMul, waiting excluded
  uint64_t bytes_read = 0;
  uint64_t io_busy_ns = 0;  // at least one read was under way
};

class Engine {
 public:
  // Throws FILE_UNREADABLE, CACHE_TRUNCATED, ORT_UNAVAILABLE, ORT_FAILED.
  explicit Engine(EngineOptions options);
  ~Engine();

  // Throws INVALID_REQUEST, PLAN_INVALID, KERNEL_UNAVAILABLE, READER_UNAVAILABLE, OUT_OF_MEMORY, CHUNK_*, CANCELLED.
  LoadReport Load(const LoadOptions& options, const std::atomic<bool>& cancelled);

  // Loads another plan's weights in place of those there are; sequences stay, with room for as many tokens as before.
  // What is there goes before anything new comes, so memory never holds both. Throws as Load does; may be tried again.
  LoadReport Replan(PrefetchPlan plan, const std::atomic<bool>& cancelled);

  // Throws INVALID_REQUEST before a Load.
  KvCache& kv();

  // Adapters outlive loads. Add throws INVALID_REQUEST for a module that does not fit.
  int CreateAdapter();
  void AddToAdapter(int adapter, AdapterModule module);
  void FreeAdapter(int adapter) { adapters_.erase(adapter); }

  // Computes one pass; logits() then holds [logit_rows][vocabulary]. On an Error the sequences are as before the pass.
  // Throws INVALID_REQUEST, CONTEXT_FULL, UNKNOWN_SEQUENCE, INVALID_TOKEN, CHUNK_*, CANCELLED, ORT_FAILED.
  PassFigures Pass(const PassRequest& request, const std::atomic<bool>& cancelled);
  // Forgets the tokens of the pass that `request` just made.
  void TakeBack(const PassRequest& request);
  const float* logits() const { return logits_.data(); }
  int64_t vocabulary() const { return options_.vocabulary; }

  // Compute time of each chunk in the last pass, ns, by weights_id (PRE_RUNTIME mode writes the CMT from it).
  const std::vector<uint64_t>& chunk_compute_ns() const { return recorder_.compute_ns; }
  std::string EndProfiling() { return session_ ? session_->EndProfiling() : ""; }

  // Any thread: the load or pass under way ends with CANCELLED.
  void Cancel() { controller_.Fail("CANCELLED", "cancelled"); }
  std::string DumpStatus() const { return controller_.DumpStatus(); }

 private:
  struct Recorder : MetadataWriter {
    std::vector<uint64_t> compute_ns;
    void OnChunkAccess(Mode, int weights_id, uint64_t ns) override { compute_ns[weights_id] = ns; }
  };
  void Begin(const std::atomic<bool>& cancelled);
  LoadReport LoadWeights(PrefetchPlan plan, const std::atomic<bool>& cancelled);
  void Check(const PassRequest& request);

  EngineOptions options_;
  LoadOptions load_;  // of the last Load, without its plan
  DirectFile file_;
  WeightChunkController controller_;
  Recorder recorder_;
  PassState state_;
  std::unique_ptr<GraphSession> session_;
  std::unique_ptr<KvCache> kv_;
  std::unique_ptr<ThreadPool> pool_;
  std::map<int, std::unique_ptr<Adapter>> adapters_;
  int next_adapter_ = 0;
  std::vector<float> logits_;
  bool loaded_ = false;
};

}  // namespace flash_slim
