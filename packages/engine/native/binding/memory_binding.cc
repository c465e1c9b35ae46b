#include <unistd.h>

#include "binding/binding.h"
#include "io/file_pages.h"

namespace flash_slim {

void RegisterMemory(Napi::Env env, Napi::Object exports) {
  const auto drop = [](const Napi::CallbackInfo& info) { DropBinaryPages(info[0].As<Napi::Boolean>().Value()); };
  const auto drop_written = [](const Napi::CallbackInfo& info) -> Napi::Value {
    const int fd = dup(info[0].As<Napi::Number>().Int32Value());  // the caller may close its own meanwhile
    const auto offset = off_t(info[1].As<Napi::Number>().Int64Value());
    const auto bytes = off_t(info[2].As<Napi::Number>().Int64Value());
    return RunAsync(
        info.Env(),
        [=] {
          DropFilePages(fd, offset, bytes);
          close(fd);
        },
        [](Napi::Env env) { return env.Undefined(); });
  };
  exports.Set("dropFilePages", Napi::Function::New(env, drop_written, "dropFilePages"));
  exports.Set("dropBinaryPages", Napi::Function::New(env, drop, "dropBinaryPages"));
}

}  // namespace flash_slim
