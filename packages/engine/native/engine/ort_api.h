// The part of ONNX Runtime's C API that the engine uses, taken from the libonnxruntime.so.1 that onnxruntime-node ships.
// No header comes with it, but the ABI is an append-only table of function pointers: each function is named here by its
// slot in OrtApi (onnxruntime_c_api.h, fixed since the version that added it; all slots used here exist since 18).
// The library is process-wide and first come, first served: the onnxruntime-node JavaScript binding never shares it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace flash_slim::ort {

enum class Slot {
  kCreateStatus = 0,
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kEnableProfiling = 14,
  kDisableMemPattern = 17,
  kDisableCpuMemArena = 19,
  kSetSessionGraphOptimizationLevel = 23,
  kSetIntraOpNumThreads = 24,
  kSetInterOpNumThreads = 25,
  kCreateCustomOpDomain = 26,
  kCustomOpDomainAdd = 27,
  kAddCustomOpDomain = 28,
  kCreateTensorWithDataAsOrtValue = 49,
  kGetTensorMutableData = 51,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kAllocatorFree = 76,
  kGetAllocatorWithDefaultOptions = 78,
  kKernelInfoGetAttributeFloat = 85,
  kKernelInfoGetAttributeInt64 = 86,
  kKernelInfoGetAttributeString = 87,
  kKernelContextGetInput = 90,
  kKernelContextGetOutput = 91,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTensorTypeAndShapeInfo = 99,
  kReleaseSessionOptions = 100,
  kReleaseCustomOpDomain = 101,
  kSessionEndProfiling = 110,
  kKernelInfoGetAttributeArrayFloat = 162,
  kKernelInfoGetAttributeArrayInt64 = 163,
};

constexpr uint32_t kApiVersion = 18;
constexpr int kFloat = 1, kInt64 = 7;  // ONNXTensorElementDataType
constexpr int kFail = 1;               // OrtErrorCode ORT_FAIL

// OrtCustomOp, version 18: a table of functions that we fill in. What follows it in a derived struct is ours.
struct CustomOp {
  uint32_t version;
  void* create_kernel;
  const char* (*get_name)(const CustomOp*);
  const char* (*get_execution_provider_type)(const CustomOp*);
  int (*get_input_type)(const CustomOp*, size_t);
  size_t (*get_input_type_count)(const CustomOp*);
  int (*get_output_type)(const CustomOp*, size_t);
  size_t (*get_output_type_count)(const CustomOp*);
  void* kernel_compute;
  void (*kernel_destroy)(void*);
  int (*get_input_characteristic)(const CustomOp*, size_t);
  int (*get_output_characteristic)(const CustomOp*, size_t);
  int (*get_input_memory_type)(const CustomOp*, size_t);
  int (*variadic[4])(const CustomOp*);
  void* (*create_kernel_v2)(const CustomOp*, const void* api, const void* info, void** kernel);
  void* (*kernel_compute_v2)(void* kernel, void* context);  // returns an OrtStatus: errors and cancellation leave so
  void* infer_output_shape;
  int (*get_start_version)(const CustomOp*);
  int (*get_end_version)(const CustomOp*);
  size_t (*get_may_inplace)(int**, int**);
  void (*release_may_inplace)(int*, int*);
  size_t (*get_alias_map)(int**, int**);
  void (*release_alias_map)(int*, int*);
};

// Loads the library once for the process. Throws Error ORT_UNAVAILABLE when it is missing or older than kApiVersion.
void Load(const std::string& library_path);
const char* Version();

const void* Function(Slot slot);
// Calls a function of the table. Most return an OrtStatus*, null when all is well: pass that to Check.
template <class... Arguments>
void* Call(Slot slot, Arguments... arguments) {
  using Signature = void* (*)(Arguments...);
  return reinterpret_cast<Signature>(const_cast<void*>(Function(slot)))(arguments...);
}
// Throws Error ORT_FAILED with the status's message and releases it.
void Check(void* status);
void* MakeStatus(const char* message);

}  // namespace flash_slim::ort
