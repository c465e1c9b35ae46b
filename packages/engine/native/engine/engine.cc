#include "engine/engine.h"

#include <malloc.h>

#include "engine/clock.h"
#include "error.h"

namespace flash_slim {
namespace {

DirectFile OpenCache(const EngineOptions& options) {
  DirectFile file = DirectFile::Open(options.weight_cache);
  if (file.size() != options.weight_cache_bytes)
    throw Error("CACHE_TRUNCATED", options.weight_cache + " has " + std::to_string(file.size()) + " bytes instead of " +
                                       std::to_string(options.weight_cache_bytes) +
                                       "; rebuild it with flash-slim profile");
  return file;
}

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(std::move(options)), file_(OpenCache(options_)), controller_(file_, options_.chunks) {
  // An activation above the threshold would be mapped and faulted in anew by every pass (32 MB is glibc's maximum).
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  state_.controller = &controller_;
  state_.vocabulary = options_.vocabulary;
  recorder_.compute_ns.assign(options_.chunks.size(), 0);
  session_ = std::make_unique<GraphSession>(options_.runtime_library, options_.graph, &state_, options_.profile_prefix);
  options_.graph = {};
}

Engine::~Engine() { controller_.Fail("CANCELLED", "the engine is closing"); }

// What an earlier call's failure or a late cancellation left behind ends here.
void Engine::Begin(const std::atomic<bool>& cancelled) {
  if (controller_.stopped()) controller_.ResetBuffers();
  if (cancelled) throw Error("CANCELLED", "cancelled");
}

LoadReport Engine::Load(const LoadOptions& options, const std::atomic<bool>& cancelled) {
  Begin(cancelled);
  if (options.threads < 1 || options.max_tokens_per_pass < 1 || options.max_logit_rows < 0)
    throw Error("INVALID_REQUEST", "a plan is loaded for at least one thread and one token a pass");
  loaded_ = false;
  state_.kernels = FindKernels(options.kernel);
  if (!state_.kernels) {
    std::string known;
    for (const KernelSet* kernels : AvailableKernels()) known += std::string(known.empty() ? "" : ", ") + kernels->name;
    throw Error("KERNEL_UNAVAILABLE", "this CPU has no kernel \"" + options.kernel + "\"; it has " + known);
  }
  // Workers of an earlier load may still look at its plan.
  pool_.reset();
  controller_.AttachMetadataWriter(&recorder_);
  kv_.reset();
  kv_ = std::make_unique<KvCache>(options.kv);
  logits_.resize(size_t(options.max_logit_rows) * options_.vocabulary);
  state_.kv = kv_.get();
  state_.float_activations = options.float_activations;
  load_ = options;
  load_.plan = {};
  return LoadWeights(options.plan, cancelled);
}

LoadReport Engine::Replan(PrefetchPlan plan, const std::atomic<bool>& cancelled) {
  Begin(cancelled);
  if (!kv_) throw Error("INVALID_REQUEST", "no plan is loaded that another could replace");
  loaded_ = false;
  pool_.reset();
  return LoadWeights(std::move(plan), cancelled);
}

LoadReport Engine::LoadWeights(PrefetchPlan plan, const std::atomic<bool>& cancelled) {
  const auto with_faults = [&](bool residents) -> WeightChunkController::ReaderWrap {
    std::vector<Fault> faults;
    for (const Fault& fault : load_.faults)
      if (fault.residents == residents) faults.push_back(fault);
    if (faults.empty()) return nullptr;
    return [faults](auto reader) { return MakeFaultyReader(std::move(reader), faults); };
  };
  state_.load_number++;
  controller_.LoadPrefetchPlan(std::move(plan));
  pool_ = std::make_unique<ThreadPool>(load_.threads);
  state_.pool = pool_.get();
  controller_.LoadResidents(load_.reader, cancelled, with_faults(true));
  // Twice as many parts as threads: whoever is done first takes more.
  state_.parts_per_group = load_.threads == 1 ? 1 : 2 * load_.threads;
  controller_.AttachPrefetcher({load_.reader, state_.parts_per_group, load_.huge_pages});
  LoadReport report;
  report.kernel = state_.kernels->name;
  report.direct = file_.direct();
  report.residents_locked = controller_.residents_locked();
  report.resident_bytes = controller_.resident_bytes();
  report.streamed_bytes = controller_.streamed_bytes();
  report.kv_bytes = kv_->bytes();
  if (WeightChunkPrefetcher* prefetcher = controller_.prefetcher()) {
    report.reader = prefetcher->reader_name();
    report.slot_huge_bytes = prefetcher->slots_memory().HugeBytes();
    if (const auto wrap = with_faults(false)) prefetcher->WrapReader(wrap);
    prefetcher->ReadAhead();
  }
  loaded_ = true;
  return report;
}

KvCache& Engine::kv() {
  if (!loaded_) throw Error("INVALID_REQUEST", "no plan is loaded");
  return *kv_;
}

int Engine::CreateAdapter() {
  adapters_[next_adapter_] = std::make_unique<Adapter>();
  return next_adapter_++;
}

void Engine::AddToAdapter(int adapter, AdapterModule module) {
  const auto found = adapters_.find(adapter);
  if (found == adapters_.end()) throw Error("INVALID_REQUEST", "there is no adapter " + std::to_string(adapter));
  if (module.weights_id < 0 || module.weights_id >= int(options_.chunks.size()))
    throw Error("INVALID_REQUEST",
                "an adapter changes chunk " + std::to_string(module.weights_id) + ", which the weight cache lacks");
  const WeightChunk& chunk = options_.chunks[size_t(module.weights_id)];
  found->second->Add(std::move(module), chunk);
}

void Engine::Check(const PassRequest& request) {
  const auto refuse = [](const std::string& why) { throw Error("INVALID_REQUEST", why); };
  const int64_t count = int64_t(request.tokens.size());
  if (!loaded_) refuse("no plan is loaded");
  if (count == 0) refuse("a pass needs at least one token");
  if (count > load_.max_tokens_per_pass)
    refuse(std::to_string(count) + " tokens in a pass; the plan has room for " +
           std::to_string(load_.max_tokens_per_pass));
  if (int64_t(request.logit_rows.size()) > load_.max_logit_rows)
    refuse(std::to_string(request.logit_rows.size()) + " rows of logits; the plan has room for " +
           std::to_string(load_.max_logit_rows));
  int64_t sum = 0;
  for (size_t i = 0; i < request.parts.size(); i++) {
    if (request.parts[i].tokens <= 0) refuse("a sequence takes part with at least one token");
    for (size_t j = 0; j < i; j++)
      if (request.parts[i].sequence == request.parts[j].sequence) refuse("a sequence takes part in a pass once");
    sum += request.parts[i].tokens;
  }
  if (sum != count) refuse("the parts' tokens do not add up");
  if (!request.adapters.empty() && request.adapters.size() != request.parts.size())
    refuse("every sequence of a pass has its adapters, or none has any");
  for (const auto& uses : request.adapters)
    for (const AdapterUse& use : uses)
      if (!adapters_.count(use.adapter)) refuse("there is no adapter " + std::to_string(use.adapter));
  for (int64_t row : request.logit_rows)
    if (row < 0 || row >= count) refuse("a row of logits is outside the pass");
  for (int64_t token : request.tokens)
    if (token < 0 || token >= options_.vocabulary)
      throw Error("INVALID_TOKEN", "token " + std::to_string(token) + " is outside the vocabulary of " +
                                       std::to_string(options_.vocabulary));
}

PassFigures Engine::Pass(const PassRequest& request, const std::atomic<bool>& cancelled) {
  // A read ahead that failed when the last pass needed nothing more fails this pass: a fault of the storage is always told.
  const auto [ahead_code, ahead_message] = controller_.error();
  Begin(cancelled);
  if (!ahead_code.empty() && ahead_code != "CANCELLED") throw Error(ahead_code, ahead_message);
  Check(request);
  kv_->Reserve(request.parts);
  state_.tokens.clear();
  bool decode = true;
  for (const auto& part : request.parts) {
    KvCache::Sequence& sequence = kv_->Get(part.sequence);
    for (int64_t i = 0; i < part.tokens; i++) state_.tokens.push_back({&sequence, sequence.length + i});
    decode &= part.tokens == 1;
  }
  state_.adapter_spans.clear();
  int64_t first = 0;
  for (size_t i = 0; i < request.adapters.size(); i++) {
    for (const AdapterUse& use : request.adapters[i])
      state_.adapter_spans.push_back({adapters_.at(use.adapter).get(), use.scale, first, request.parts[i].tokens});
    first += request.parts[i].tokens;
  }
  state_.TokensChanged();
  state_.stall_ns = state_.streamed_compute_ns = 0;
  WeightChunkPrefetcher* const prefetcher = controller_.prefetcher();
  const PrefetchCounters before = prefetcher ? prefetcher->counters() : PrefetchCounters{};
  const uint64_t begin = NowNs();
  controller_.BeginPass(decode ? Mode::kDecode : Mode::kPrefill, !request.logit_rows.empty());
  try {
    session_->Run(request.tokens.data(), int64_t(request.tokens.size()), request.logit_rows.data(),
                  int64_t(request.logit_rows.size()), logits_.data(), options_.vocabulary);
  } catch (...) {
    const bool typed = controller_.stopped();
    const auto [code, message] = controller_.error();
    for (const auto& part : request.parts) kv_->Truncate(part.sequence, kv_->Get(part.sequence).length);
    controller_.ResetBuffers();
    if (typed) throw Error(code, message);
    throw;
  }
  controller_.EndPass();
  for (const auto& part : request.parts) kv_->Get(part.sequence).length += part.tokens;
  PassFigures figures;
  figures.wall_ns = NowNs() - begin;
  figures.stall_ns = state_.stall_ns;
  figures.streamed_compute_ns = state_.streamed_compute_ns;
  if (prefetcher) {
    const PrefetchCounters after = prefetcher->counters();
    figures.bytes_read = after.bytes_read - before.bytes_read;
    figures.io_busy_ns = after.busy_ns - before.busy_ns;
  }
  return figures;
}

void Engine::TakeBack(const PassRequest& request) {
  for (const auto& part : request.parts) kv_->Truncate(part.sequence, kv_->Get(part.sequence).length - part.tokens);
}

}  // namespace flash_slim
