#include "binding/binding.h"

namespace flash_slim {

void RegisterEngine(Napi::Env, Napi::Object) {}

}  // namespace flash_slim
