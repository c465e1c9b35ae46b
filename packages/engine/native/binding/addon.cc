// The addon's entry: each part registers its own functions. Nothing here or in *_binding.cc decides anything.
#include "binding/binding.h"

namespace flash_slim {
static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  RegisterCache(env, exports);
  RegisterProbe(env, exports);
  RegisterEngine(env, exports);
  RegisterMemory(env, exports);
  return exports;
}
}  // namespace flash_slim

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return flash_slim::Init(env, exports); }
NODE_API_MODULE(flash_slim, InitAddon)
