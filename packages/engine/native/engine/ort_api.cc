#include "engine/ort_api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>

#include "error.h"

namespace flash_slim::ort {
namespace {

struct ApiBase {
  const void* const* (*get_api)(uint32_t version);
  const char* (*get_version_string)();
};
std::mutex load_mutex;
const ApiBase* base = nullptr;
const void* const* table = nullptr;

}  // namespace

void Load(const std::string& library_path) {
  std::lock_guard lock(load_mutex);
  if (table) return;
  // From 1.30 on the library reports its use to its makers, from threads and a database of its own. Neither belongs here.
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  void* library = dlopen(library_path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw Error("ORT_UNAVAILABLE", std::string("ONNX Runtime cannot be loaded: ") + dlerror() + "; run npm install again");
  auto get_base = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
  if (!get_base) throw Error("ORT_UNAVAILABLE", library_path + " is not an ONNX Runtime library");
  base = get_base();
  table = base->get_api(kApiVersion);
  if (!table)
    throw Error("ORT_UNAVAILABLE", std::string("ONNX Runtime ") + base->get_version_string() +
                                       " is too old: API version 18 is needed; update onnxruntime-node");
}

const char* Version() { return base ? base->get_version_string() : ""; }

const void* Function(Slot slot) { return table[static_cast<int>(slot)]; }

void Check(void* status) {
  if (!status) return;
  auto get_message = reinterpret_cast<const char* (*)(void*)>(const_cast<void*>(Function(Slot::kGetErrorMessage)));
  std::string message = get_message(status);
  Call(Slot::kReleaseStatus, status);
  throw Error("ORT_FAILED", "ONNX Runtime: " + message);
}

void* MakeStatus(const char* message) { return Call(Slot::kCreateStatus, kFail, message); }

}  // namespace flash_slim::ort
