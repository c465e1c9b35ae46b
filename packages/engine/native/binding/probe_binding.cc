#include <memory>

#include "binding/binding.h"
#include "probe/cgroup.h"
#include "probe/device.h"
#include "probe/storage_probe.h"

namespace flash_slim {
namespace {

Napi::Array ToJs(Napi::Env env, const std::vector<std::string>& strings) {
  Napi::Array array = Napi::Array::New(env, strings.size());
  for (uint32_t i = 0; i < strings.size(); i++) array.Set(i, strings[i]);
  return array;
}

Napi::Value ToJs(Napi::Env env, const std::optional<uint64_t>& bytes) {
  return bytes ? Napi::Number::New(env, double(*bytes)) : env.Null();
}

Napi::Value DeviceFactsToJs(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const DeviceFacts facts = ReadDeviceFacts();
  Napi::Object object = Napi::Object::New(env);
  object.Set("architecture", facts.architecture);
  object.Set("cores", facts.cores);
  object.Set("instructionSets", ToJs(env, facts.instruction_sets));
  object.Set("kernels", ToJs(env, facts.kernels));
  object.Set("memoryLimitBytes", ToJs(env, facts.memory_limit_bytes));
  object.Set("memoryTotalBytes", double(facts.memory_total_bytes));
  object.Set("hugePages", facts.huge_pages);
  object.Set("ioUring", facts.io_uring);
  return object;
}

Napi::Value MemoryLimitFilesToJs(const Napi::CallbackInfo& info) { return ToJs(info.Env(), MemoryLimitFiles()); }

// Each call runs on a thread of its own and keeps the probe alive; close() and the finalizer only let go of it.
class StorageProbeBinding : public Napi::ObjectWrap<StorageProbeBinding> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "StorageProbe",
                       {InstanceMethod("append", &StorageProbeBinding::Append),
                        InstanceMethod("measure", &StorageProbeBinding::Measure),
                        InstanceMethod("latencyMs", &StorageProbeBinding::LatencyMs),
                        InstanceMethod("close", &StorageProbeBinding::Close),
                        InstanceAccessor("bytes", &StorageProbeBinding::Bytes, nullptr),
                        InstanceAccessor("direct", &StorageProbeBinding::Direct, nullptr)});
  }

  // (path, existing): a nameless file in the directory `path`, or the existing file `path`.
  explicit StorageProbeBinding(const Napi::CallbackInfo& info) : Napi::ObjectWrap<StorageProbeBinding>(info) {
    const std::string path = info[0].As<Napi::String>();
    const bool existing = info[1].As<Napi::Boolean>();
    try {
      probe_ = existing ? StorageProbe::Open(path) : StorageProbe::CreateIn(path);
    } catch (const Error& error) {
      throw ToJsError(info.Env(), error.code(), error.what());
    }
  }

 private:
  std::shared_ptr<StorageProbe> Probe(Napi::Env env) const {
    if (!probe_) throw ToJsError(env, "CLOSED", "this storage probe is closed");
    return probe_;
  }

  Napi::Value Append(const Napi::CallbackInfo& info) {
    const size_t bytes = size_t(info[0].As<Napi::Number>().Int64Value());
    return RunAsync(
        info.Env(), [probe = Probe(info.Env()), bytes] { probe->Append(bytes); },
        [](Napi::Env env) { return env.Undefined(); });
  }

  Napi::Value Measure(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    ReadPattern pattern;
    pattern.block_bytes = size_t(options.Get("blockBytes").As<Napi::Number>().Int64Value());
    pattern.depth = options.Get("depth").As<Napi::Number>().Uint32Value();
    pattern.huge_pages = options.Get("hugePages").As<Napi::Boolean>();
    pattern.reader = options.Get("reader").As<Napi::String>();
    pattern.seconds = options.Get("seconds").As<Napi::Number>().DoubleValue();
    auto rate = std::make_shared<double>();
    return RunAsync(
        info.Env(), [probe = Probe(info.Env()), pattern, rate] { *rate = probe->Measure(pattern); },
        [rate](Napi::Env env) { return Napi::Number::New(env, *rate); });
  }

  Napi::Value LatencyMs(const Napi::CallbackInfo& info) {
    const size_t block_bytes = size_t(info[0].As<Napi::Number>().Int64Value());
    const double seconds = info[1].As<Napi::Number>().DoubleValue();
    auto latency = std::make_shared<double>();
    return RunAsync(
        info.Env(),
        [probe = Probe(info.Env()), block_bytes, seconds, latency] {
          *latency = probe->LatencyMs(block_bytes, seconds);
        },
        [latency](Napi::Env env) { return Napi::Number::New(env, *latency); });
  }

  Napi::Value Bytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), double(Probe(info.Env())->size()));
  }
  Napi::Value Direct(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), Probe(info.Env())->direct());
  }
  void Close(const Napi::CallbackInfo&) { probe_.reset(); }

  std::shared_ptr<StorageProbe> probe_;
};

}  // namespace

void RegisterProbe(Napi::Env env, Napi::Object exports) {
  exports.Set("deviceFacts", Napi::Function::New(env, DeviceFactsToJs, "deviceFacts"));
  exports.Set("memoryLimitFiles", Napi::Function::New(env, MemoryLimitFilesToJs, "memoryLimitFiles"));
  exports.Set("StorageProbe", StorageProbeBinding::Define(env));
}

}  // namespace flash_slim
