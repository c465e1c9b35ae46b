#include "binding/binding.h"

namespace flash_slim {

void RegisterCache(Napi::Env, Napi::Object) {}

}  // namespace flash_slim
