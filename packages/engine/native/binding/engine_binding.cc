// The engine for JavaScript: src/engine.ts declares the same names in the same order. Converts, decides nothing.
#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "binding/binding.h"
#include "binding/engine_thread.h"
#include "engine/engine.h"
#include "sampling/sampler.h"

namespace flash_slim {
namespace {

Napi::Value Field(const Napi::Object& object, const char* name) { return object.Get(name); }
std::string StringField(const Napi::Object& object, const char* name) { return object.Get(name).As<Napi::String>(); }
int64_t IntField(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().Int64Value();
}
double NumberField(const Napi::Object& object, const char* name) {
  return object.Get(name).As<Napi::Number>().DoubleValue();
}
bool BoolField(const Napi::Object& object, const char* name) { return object.Get(name).As<Napi::Boolean>(); }

WeightChunk ToChunk(const Napi::Object& js) {
  WeightChunk chunk;
  chunk.weights_id = int(IntField(js, "weightsId"));
  chunk.name = StringField(js, "name");
  chunk.kind = WeightKind(IntField(js, "kind"));
  chunk.rows = IntField(js, "rows");
  chunk.columns = IntField(js, "columns");
  chunk.offset = uint64_t(IntField(js, "offset"));
  chunk.row_blocks = IntField(js, "rowBlocks");
  chunk.row_block_bytes = size_t(IntField(js, "rowBlockBytes"));
  chunk.head = BoolField(js, "head");
  chunk.gathered = BoolField(js, "gathered");
  chunk.paired = BoolField(js, "paired");
  chunk.experts = int(IntField(js, "experts"));
  const auto sums = Field(js, "rowBlockCrc32c").As<Napi::Uint32Array>();
  chunk.row_block_crc32c.assign(sums.Data(), sums.Data() + sums.ElementLength());
  if (!IsKnown(chunk.kind) || chunk.columns % ShapeOf(chunk.kind).values != 0 ||
      RowBlockBytes(chunk.kind, chunk.columns) != chunk.row_block_bytes ||
      chunk.rows > chunk.row_blocks * kRowsPerBlock || chunk.rows <= (chunk.row_blocks - 1) * kRowsPerBlock ||
      (chunk.gathered && int64_t(chunk.row_block_crc32c.size()) != chunk.row_blocks) || chunk.experts < 0 ||
      (chunk.experts > 0 && chunk.row_blocks % chunk.experts != 0))
    throw Error("CACHE_CORRUPT", chunk.name + " contradicts itself; rebuild the weight cache with flash-slim profile");
  return chunk;
}

EngineOptions ToEngineOptions(const Napi::Object& js) {
  EngineOptions options;
  options.runtime_library = StringField(js, "runtimeLibrary");
  options.weight_cache = StringField(js, "weightCache");
  options.weight_cache_bytes = uint64_t(IntField(js, "weightCacheBytes"));
  const auto graph = Field(js, "graph").As<Napi::Uint8Array>();
  options.graph.assign(graph.Data(), graph.Data() + graph.ElementLength());
  const auto chunks = Field(js, "chunks").As<Napi::Array>();
  for (uint32_t i = 0; i < chunks.Length(); i++) options.chunks.push_back(ToChunk(chunks.Get(i).As<Napi::Object>()));
  options.vocabulary = IntField(js, "vocabulary");
  options.profile_prefix = StringField(js, "profilePrefix");
  return options;
}

PrefetchPlan ToPlan(const Napi::Object& js) {
  PrefetchPlan plan;
  const auto groups = Field(js, "groups").As<Napi::Array>();
  for (uint32_t i = 0; i < groups.Length(); i++) {
    const auto g = groups.Get(i).As<Napi::Object>();
    plan.groups.push_back({int(IntField(g, "weightsId")), IntField(g, "rowBlockBegin"), IntField(g, "rowBlockEnd"),
                           BoolField(g, "resident"), uint32_t(IntField(g, "crc32c"))});
  }
  plan.slot_count = int(IntField(js, "slotCount"));
  plan.slot_bytes = size_t(IntField(js, "slotBytes"));
  return plan;
}

LoadOptions ToLoadOptions(const Napi::Object& js) {
  LoadOptions options;
  options.plan = ToPlan(Field(js, "plan").As<Napi::Object>());
  const auto kv = Field(js, "kv").As<Napi::Object>();
  options.kv.layers = int(IntField(kv, "layers"));
  options.kv.kv_heads = int(IntField(kv, "kvHeads"));
  options.kv.head_size = int(IntField(kv, "headSize"));
  options.kv.type = StringField(kv, "type") == "f32" ? KvType::kF32 : KvType::kF16;
  options.kv.context_length = IntField(kv, "contextLength");
  options.kv.max_sequences = int(IntField(kv, "maxSequences"));
  options.threads = int(IntField(js, "threads"));
  options.max_tokens_per_pass = int(IntField(js, "maxTokensPerPass"));
  options.max_logit_rows = int(IntField(js, "maxLogitRows"));
  options.kernel = StringField(js, "kernel");
  options.reader = StringField(js, "reader");
  options.float_activations = BoolField(js, "floatActivations");
  options.huge_pages = BoolField(js, "hugePages");
  const auto faults = Field(js, "faults").As<Napi::Array>();
  for (uint32_t i = 0; i < faults.Length(); i++) {
    const auto f = faults.Get(i).As<Napi::Object>();
    options.faults.push_back({StringField(f, "kind"), uint64_t(IntField(f, "read")), uint64_t(IntField(f, "count")),
                              uint64_t(IntField(f, "amount")), BoolField(f, "residents"),
                              uint64_t(IntField(f, "begin")), uint64_t(IntField(f, "end"))});
  }
  return options;
}

AdapterModule ToAdapterModule(const Napi::Object& js) {
  AdapterModule module;
  module.weights_id = int(IntField(js, "weightsId"));
  module.row_begin = IntField(js, "rowBegin");
  module.pair_side = int(IntField(js, "pairSide"));
  module.rows = IntField(js, "rows");
  module.columns = IntField(js, "columns");
  module.rank = IntField(js, "rank");
  module.scale = float(NumberField(js, "scale"));
  const int64_t head = IntField(js, "interleavedHead");
  const auto a = Field(js, "a").As<Napi::Float32Array>(), b = Field(js, "b").As<Napi::Float32Array>();
  if (module.rows < 1 || module.rank < 1 || head < 0 || head % 2 != 0 || (head > 0 && module.rows % head != 0) ||
      b.ElementLength() / size_t(module.rank) != size_t(module.rows) || b.ElementLength() % size_t(module.rank) != 0)
    throw Error("INVALID_REQUEST", "an adapter's B of " + std::to_string(b.ElementLength()) + " values has no " +
                                       std::to_string(module.rows) + " rows");
  module.a.assign(a.Data(), a.Data() + a.ElementLength());
  module.b = TransposedRows(b.Data(), module.rows, module.rank, head);
  return module;
}

SamplerOptions ToSamplerOptions(const Napi::Object& js) {
  SamplerOptions options;
  options.temperature = float(NumberField(js, "temperature"));
  options.top_k = int(IntField(js, "topK"));
  options.top_p = float(NumberField(js, "topP"));
  options.min_p = float(NumberField(js, "minP"));
  options.repetition_penalty = float(NumberField(js, "repetitionPenalty"));
  options.seed = uint64_t(IntField(js, "seed"));
  options.drawn = uint64_t(IntField(js, "drawn"));
  return options;
}

// What a conversion refuses becomes a JavaScript error.
template <class Convert>
auto Converted(const Napi::CallbackInfo& info, Convert convert) {
  try {
    return convert(info[0].As<Napi::Object>());
  } catch (const Error& error) {
    throw ToJsError(info.Env(), error.code(), error.what());
  }
}

Napi::Object ToJs(Napi::Env env, const LoadReport& report) {
  Napi::Object js = Napi::Object::New(env);
  js.Set("kernel", report.kernel);
  js.Set("reader", report.reader);
  js.Set("direct", report.direct);
  js.Set("residentsLocked", report.residents_locked);
  js.Set("residentBytes", double(report.resident_bytes));
  js.Set("streamedBytes", double(report.streamed_bytes));
  js.Set("kvBytes", double(report.kv_bytes));
  js.Set("slotHugeBytes", double(report.slot_huge_bytes));
  return js;
}

class NativeEngine : public Napi::ObjectWrap<NativeEngine> {
 public:
  static void Register(Napi::Env env, Napi::Object exports) {
    exports.Set(
        "NativeEngine",
        DefineClass(
            env, "NativeEngine",
            {InstanceMethod<&NativeEngine::Open>("open"), InstanceMethod<&NativeEngine::Load>("load"),
             InstanceMethod<&NativeEngine::Replan>("replan"),
             InstanceMethod<&NativeEngine::CreateSequence>("createSequence"),
             InstanceMethod<&NativeEngine::FreeSequence>("freeSequence"),
             InstanceMethod<&NativeEngine::TruncateSequence>("truncateSequence"),
             InstanceMethod<&NativeEngine::CreateAdapter>("createAdapter"),
             InstanceMethod<&NativeEngine::AddToAdapter>("addToAdapter"),
             InstanceMethod<&NativeEngine::FreeAdapter>("freeAdapter"),
             InstanceMethod<&NativeEngine::CreateSampler>("createSampler"),
             InstanceMethod<&NativeEngine::FreeSampler>("freeSampler"), InstanceMethod<&NativeEngine::Pass>("pass"),
             InstanceMethod<&NativeEngine::ChunkComputeNs>("chunkComputeNs"),
             InstanceMethod<&NativeEngine::EndProfiling>("endProfiling"),
             InstanceMethod<&NativeEngine::Cancel>("cancel"), InstanceMethod<&NativeEngine::Status>("status"),
             InstanceMethod<&NativeEngine::Close>("close")}));
  }

  explicit NativeEngine(const Napi::CallbackInfo& info)
      : ObjectWrap(info), shared_(std::make_shared<Shared>()), thread_(std::make_unique<EngineThread>(info.Env())) {}

  // open(options): Promise<void>
  Napi::Value Open(const Napi::CallbackInfo& info) {
    auto options = std::make_shared<EngineOptions>(Converted(info, ToEngineOptions));
    return Post(
        info, [shared = shared_, options] { shared->Set(std::make_unique<Engine>(std::move(*options))); },
        [](Napi::Env env) { return env.Undefined(); });
  }
  // load(options): Promise<LoadReport>
  Napi::Value Load(const Napi::CallbackInfo& info) {
    auto options = std::make_shared<LoadOptions>(Converted(info, ToLoadOptions));
    auto report = std::make_shared<LoadReport>();
    return Post(
        info,
        [shared = shared_, options, report, cancelled = cancelled_] {
          *report = shared->Get().Load(*options, *cancelled);
        },
        [report](Napi::Env env) { return ToJs(env, *report); });
  }
  // replan(plan): Promise<LoadReport>
  Napi::Value Replan(const Napi::CallbackInfo& info) {
    auto plan = std::make_shared<PrefetchPlan>(Converted(info, ToPlan));
    auto report = std::make_shared<LoadReport>();
    return Post(
        info,
        [shared = shared_, plan, report, cancelled = cancelled_] {
          *report = shared->Get().Replan(std::move(*plan), *cancelled);
        },
        [report](Napi::Env env) { return ToJs(env, *report); });
  }
  // createSequence(): Promise<number>
  Napi::Value CreateSequence(const Napi::CallbackInfo& info) {
    auto id = std::make_shared<int>();
    return Post(
        info, [shared = shared_, id] { *id = shared->Get().kv().CreateSequence(); },
        [id](Napi::Env env) { return Napi::Number::New(env, *id); });
  }
  // freeSequence(id): Promise<void>
  Napi::Value FreeSequence(const Napi::CallbackInfo& info) {
    const int id = info[0].As<Napi::Number>().Int32Value();
    return Post(
        info, [shared = shared_, id] { shared->Get().kv().FreeSequence(id); },
        [](Napi::Env env) { return env.Undefined(); });
  }
  // truncateSequence(id, length): Promise<void>
  Napi::Value TruncateSequence(const Napi::CallbackInfo& info) {
    const int id = info[0].As<Napi::Number>().Int32Value();
    const int64_t length = info[1].As<Napi::Number>().Int64Value();
    return Post(
        info, [shared = shared_, id, length] { shared->Get().kv().Truncate(id, std::max<int64_t>(length, 0)); },
        [](Napi::Env env) { return env.Undefined(); });
  }
  // createAdapter(): Promise<number>
  Napi::Value CreateAdapter(const Napi::CallbackInfo& info) {
    auto id = std::make_shared<int>();
    return Post(
        info, [shared = shared_, id] { *id = shared->Get().CreateAdapter(); },
        [id](Napi::Env env) { return Napi::Number::New(env, *id); });
  }
  // addToAdapter(module, id): Promise<void>
  Napi::Value AddToAdapter(const Napi::CallbackInfo& info) {
    auto module = std::make_shared<AdapterModule>(Converted(info, ToAdapterModule));
    const int id = info[1].As<Napi::Number>().Int32Value();
    return Post(
        info, [shared = shared_, module, id] { shared->Get().AddToAdapter(id, std::move(*module)); },
        [](Napi::Env env) { return env.Undefined(); });
  }
  // freeAdapter(id): Promise<void>
  Napi::Value FreeAdapter(const Napi::CallbackInfo& info) {
    const int id = info[0].As<Napi::Number>().Int32Value();
    return Post(
        info, [shared = shared_, id] { shared->Get().FreeAdapter(id); }, [](Napi::Env env) { return env.Undefined(); });
  }
  // createSampler(options, promptTokens): number. A sampler is touched by the engine's thread during passes alone.
  Napi::Value CreateSampler(const Napi::CallbackInfo& info) {
    try {
      auto sampler = std::make_shared<Sampler>(ToSamplerOptions(info[0].As<Napi::Object>()));
      const auto prompt = info[1].As<Napi::Int32Array>();
      for (size_t i = 0; i < prompt.ElementLength(); i++) sampler->Accept(prompt[i]);
      const int id = next_sampler_++;
      samplers_[id] = std::move(sampler);
      return Napi::Number::New(info.Env(), id);
    } catch (const Error& error) {
      throw ToJsError(info.Env(), error.code(), error.what());
    }
  }
  // freeSampler(id): void, between passes
  void FreeSampler(const Napi::CallbackInfo& info) { samplers_.erase(info[0].As<Napi::Number>().Int32Value()); }
  // pass(request): Promise<PassResult>
  Napi::Value Pass(const Napi::CallbackInfo& info) {
    const auto js = info[0].As<Napi::Object>();
    auto request = std::make_shared<PassRequest>();
    const auto tokens = Field(js, "tokens").As<Napi::Int32Array>();
    request->tokens.assign(tokens.Data(), tokens.Data() + tokens.ElementLength());
    const auto sequences = Field(js, "sequences").As<Napi::Int32Array>();
    const auto counts = Field(js, "counts").As<Napi::Int32Array>();
    if (sequences.ElementLength() != counts.ElementLength())
      throw ToJsError(info.Env(), "INVALID_REQUEST", "every sequence of a pass has its number of tokens");
    for (size_t i = 0; i < sequences.ElementLength(); i++) request->parts.push_back({sequences[i], counts[i]});
    const auto rows = Field(js, "logitRows").As<Napi::Int32Array>();
    request->logit_rows.assign(rows.Data(), rows.Data() + rows.ElementLength());
    ReadAdapters(info.Env(), js, *request);
    auto samplers = std::make_shared<std::vector<std::shared_ptr<Sampler>>>(FindSamplers(info.Env(), js));
    const bool want_logits = BoolField(js, "wantLogits");

    struct Outcome {
      PassFigures figures;
      std::vector<int32_t> sampled;
      std::vector<float> logits;
    };
    auto outcome = std::make_shared<Outcome>();
    return Post(
        info,
        [shared = shared_, request, samplers, want_logits, outcome, cancelled = cancelled_] {
          Engine& engine = shared->Get();
          outcome->figures = engine.Pass(*request, *cancelled);
          const int64_t vocabulary = engine.vocabulary();
          try {
            for (size_t i = 0; i < samplers->size(); i++) {
              Sampler& sampler = *(*samplers)[i];
              const int32_t token = sampler.Sample(engine.logits() + i * vocabulary, vocabulary);
              sampler.Accept(token);
              outcome->sampled.push_back(token);
            }
          } catch (...) {
            engine.TakeBack(*request);
            throw;
          }
          if (want_logits)
            outcome->logits.assign(engine.logits(), engine.logits() + request->logit_rows.size() * vocabulary);
        },
        [outcome](Napi::Env env) {
          Napi::Object result = Napi::Object::New(env);
          auto sampled = Napi::Int32Array::New(env, outcome->sampled.size());
          std::copy(outcome->sampled.begin(), outcome->sampled.end(), sampled.Data());
          auto logits = Napi::Float32Array::New(env, outcome->logits.size());
          std::copy(outcome->logits.begin(), outcome->logits.end(), logits.Data());
          result.Set("sampled", sampled);
          result.Set("logits", logits);
          result.Set("wallNs", double(outcome->figures.wall_ns));
          result.Set("stallNs", double(outcome->figures.stall_ns));
          result.Set("streamedComputeNs", double(outcome->figures.streamed_compute_ns));
          result.Set("bytesRead", double(outcome->figures.bytes_read));
          result.Set("ioBusyNs", double(outcome->figures.io_busy_ns));
          return result;
        });
  }
  // chunkComputeNs(): Promise<Float64Array>, of the last pass, by weightsId
  Napi::Value ChunkComputeNs(const Napi::CallbackInfo& info) {
    auto times = std::make_shared<std::vector<uint64_t>>();
    return Post(
        info, [shared = shared_, times] { *times = shared->Get().chunk_compute_ns(); },
        [times](Napi::Env env) {
          auto js = Napi::Float64Array::New(env, times->size());
          for (size_t i = 0; i < times->size(); i++) js[i] = double((*times)[i]);
          return js;
        });
  }
  // endProfiling(): Promise<string>
  Napi::Value EndProfiling(const Napi::CallbackInfo& info) {
    auto file = std::make_shared<std::string>();
    return Post(
        info, [shared = shared_, file] { *file = shared->Get().EndProfiling(); },
        [file](Napi::Env env) { return Napi::String::New(env, *file); });
  }
  // cancel(): void; loads and passes that were asked for before reject with CANCELLED
  void Cancel(const Napi::CallbackInfo&) {
    *cancelled_ = true;
    cancelled_ = std::make_shared<std::atomic<bool>>(false);
    std::lock_guard lock(shared_->mutex);
    if (shared_->engine) shared_->engine->Cancel();
  }
  // status(): string
  Napi::Value Status(const Napi::CallbackInfo& info) {
    std::lock_guard lock(shared_->mutex);
    return Napi::String::New(info.Env(), shared_->engine ? shared_->engine->DumpStatus() : "closed\n");
  }
  // close(): Promise<void>; afterwards every call rejects
  Napi::Value Close(const Napi::CallbackInfo& info) {
    return Post(
        info, [shared = shared_] { shared->Set(nullptr); }, [](Napi::Env env) { return env.Undefined(); });
  }

 private:
  // What closures on the engine's thread share with this object.
  struct Shared {
    std::mutex mutex;  // held where the main thread uses the engine, and where the engine's thread replaces it
    std::unique_ptr<Engine> engine;
    Engine& Get() {
      if (!engine) throw Error("CLOSED", "the engine is not open");
      return *engine;
    }
    void Set(std::unique_ptr<Engine> next) {
      {
        std::lock_guard lock(mutex);
        engine.swap(next);
      }
      next.reset();  // outside of the lock: it waits for reads under way
    }
  };

  // Of all parts, end to end; counts are empty where no sequence has any.
  static void ReadAdapters(Napi::Env env, const Napi::Object& js, PassRequest& request) {
    const auto counts = Field(js, "adapterCounts").As<Napi::Int32Array>();
    const auto ids = Field(js, "adapters").As<Napi::Int32Array>();
    const auto scales = Field(js, "adapterScales").As<Napi::Float32Array>();
    size_t at = 0;
    for (size_t i = 0; i < counts.ElementLength(); i++) {
      auto& uses = request.adapters.emplace_back();
      for (int32_t n = 0; n < counts[i] && at < ids.ElementLength() && at < scales.ElementLength(); n++, at++)
        uses.push_back({ids[at], scales[at]});
    }
    if (at != ids.ElementLength() || at != scales.ElementLength())
      throw ToJsError(env, "INVALID_REQUEST", "every adapter of a pass has a sequence and a scale");
  }
  // The pass's samplers: none, or one for each row of logits. Found before the pass, so that a wrong one costs nothing.
  std::vector<std::shared_ptr<Sampler>> FindSamplers(Napi::Env env, const Napi::Object& js) const {
    const auto ids = Field(js, "samplers").As<Napi::Int32Array>();
    if (ids.ElementLength() != 0 &&
        ids.ElementLength() != Field(js, "logitRows").As<Napi::Int32Array>().ElementLength())
      throw ToJsError(env, "INVALID_REQUEST", "a pass has a sampler for each row of logits, or none");
    std::vector<std::shared_ptr<Sampler>> samplers;
    for (size_t i = 0; i < ids.ElementLength(); i++) {
      const auto found = samplers_.find(ids[i]);
      if (found == samplers_.end())
        throw ToJsError(env, "INVALID_REQUEST", "there is no sampler " + std::to_string(ids[i]));
      samplers.push_back(found->second);
    }
    return samplers;
  }
  template <class Work, class Result>
  Napi::Value Post(const Napi::CallbackInfo& info, Work work, Result result) {
    return thread_->Post(info.Env(), std::move(work), std::move(result));
  }
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<EngineThread> thread_;
  // Main thread alone: the flag of the calls since the last cancel (closures take it with them), and the samplers.
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  std::map<int, std::shared_ptr<Sampler>> samplers_;
  int next_sampler_ = 0;
};

}  // namespace

void RegisterEngine(Napi::Env env, Napi::Object exports) { NativeEngine::Register(env, exports); }

}  // namespace flash_slim
