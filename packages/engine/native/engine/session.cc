#include "engine/session.h"

#include <mutex>

namespace flash_slim {
namespace {

using ort::Call;
using ort::Check;
using ort::Slot;

// Sessions are made one at a time: ONNX Runtime notes the operators' domain in a table of the whole process, and two
// sessions that do so at once make one of them fail.
std::mutex session_mutex;

// One environment for the process, never released: sessions come and go. Under session_mutex. It logs nothing short of the
// fatal: what fails comes back as a status, and is told once, in our words.
void* Environment() {
  static void* environment = nullptr;
  if (!environment) Check(Call(Slot::kCreateEnv, /*fatal=*/4, "flash-slim", &environment));
  return environment;
}

// A value over memory of ours, released with the scope.
class BorrowedTensor {
 public:
  BorrowedTensor(void* memory, const void* data, size_t bytes, std::vector<int64_t> shape, int type) {
    Check(Call(Slot::kCreateTensorWithDataAsOrtValue, memory, data, bytes, shape.data(), shape.size(), type, &value_));
  }
  ~BorrowedTensor() { Call(Slot::kReleaseValue, value_); }
  void* value() const { return value_; }

 private:
  void* value_ = nullptr;
};

}  // namespace

GraphSession::GraphSession(const std::string& library_path, const std::vector<uint8_t>& graph, PassState* state,
                           const std::string& profile_prefix) {
  ort::Load(library_path);
  std::lock_guard lock(session_mutex);
  void* const environment = Environment();
  domain_ = std::make_unique<OperatorDomain>(state);
  Check(Call(Slot::kCreateSessionOptions, &options_));
  // The heavy operators bring their own threads; what is left is too small to share.
  Check(Call(Slot::kSetIntraOpNumThreads, options_, 1));
  Check(Call(Slot::kSetInterOpNumThreads, options_, 1));
  // The arena doubles as it grows, past any ledger.
  Check(Call(Slot::kDisableCpuMemArena, options_));
  Check(Call(Slot::kDisableMemPattern, options_));
  Check(Call(Slot::kAddCustomOpDomain, options_, domain_->handle()));
  if (!profile_prefix.empty()) {
    Check(Call(Slot::kEnableProfiling, options_, profile_prefix.c_str()));
    profiling_ = true;
  }
  Check(Call(Slot::kCreateSessionFromArray, environment, static_cast<const void*>(graph.data()), graph.size(), options_, &session_));
  Check(Call(Slot::kCreateCpuMemoryInfo, /*OrtDeviceAllocator=*/0, /*OrtMemTypeDefault=*/0, &memory_));
}

GraphSession::~GraphSession() {
  if (memory_) Call(Slot::kReleaseMemoryInfo, memory_);
  if (session_) Call(Slot::kReleaseSession, session_);
  if (options_) Call(Slot::kReleaseSessionOptions, options_);
}

void GraphSession::Run(const int64_t* tokens, int64_t count, const int64_t* logit_rows, int64_t rows, float* logits,
                       int64_t vocabulary) {
  const BorrowedTensor ids(memory_, tokens, size_t(count) * 8, {count}, ort::kInt64);
  const BorrowedTensor wanted(memory_, logit_rows, size_t(rows) * 8, {rows}, ort::kInt64);
  const BorrowedTensor out(memory_, logits, size_t(rows * vocabulary) * 4, {rows, vocabulary}, ort::kFloat);
  const char* const input_names[] = {"token_ids", "logit_rows"};
  const char* const output_names[] = {"logits"};
  const void* const inputs[] = {ids.value(), wanted.value()};
  void* outputs[] = {out.value()};
  Check(Call(Slot::kRun, session_, static_cast<const void*>(nullptr), input_names, inputs, size_t(2), output_names,
             size_t(1), outputs));
}

std::string GraphSession::EndProfiling() {
  if (!profiling_) return "";
  profiling_ = false;
  void* allocator = nullptr;
  char* name = nullptr;
  Check(Call(Slot::kGetAllocatorWithDefaultOptions, &allocator));
  Check(Call(Slot::kSessionEndProfiling, session_, allocator, &name));
  std::string file = name;
  Check(Call(Slot::kAllocatorFree, allocator, static_cast<void*>(name)));
  return file;
}

}  // namespace flash_slim
