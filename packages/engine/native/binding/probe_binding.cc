#include "binding/binding.h"

namespace flash_slim {

void RegisterProbe(Napi::Env, Napi::Object) {}

}  // namespace flash_slim
