#include "binding/binding.h"
#include "io/mapped_files.h"

namespace flash_slim {

void RegisterMemory(Napi::Env env, Napi::Object exports) {
  const auto drop = [](const Napi::CallbackInfo&) { DropUnmappedFilePages(); };
  exports.Set("dropUnmappedFilePages", Napi::Function::New(env, drop, "dropUnmappedFilePages"));
}

}  // namespace flash_slim
