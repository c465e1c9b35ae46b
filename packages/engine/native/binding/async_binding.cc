#include <memory>
#include <thread>

#include "binding/binding.h"

namespace flash_slim {

Napi::Error ToJsError(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

void Settle(Napi::Env env, const Napi::Promise::Deferred& deferred,
            const std::function<Napi::Value(Napi::Env)>& value) {
  try {
    try {
      deferred.Resolve(value(env));
    } catch (const Napi::Error& error) {
      deferred.Reject(error.Value());
    }
  } catch (const Napi::Error&) {
    // The process is ending and takes no more values: nobody waits. Thrown on, it would end in std::terminate.
  }
}

Napi::Promise RunAsync(Napi::Env env, std::function<void()> work, std::function<Napi::Value(Napi::Env)> to_js) {
  struct Task {
    Napi::Promise::Deferred deferred;
    std::function<Napi::Value(Napi::Env)> to_js;
    Napi::ThreadSafeFunction settle;
    bool failed = false;
    std::string code, message;
  };
  auto task = std::make_shared<Task>(Task{Napi::Promise::Deferred::New(env), std::move(to_js), {}});
  task->settle = Napi::ThreadSafeFunction::New(env, Napi::Function(), "flash-slim", 1, 1);
  Napi::Promise promise = task->deferred.Promise();
  std::thread([task, work = std::move(work)] {
    try {
      work();
    } catch (const Error& error) {
      task->failed = true, task->code = error.code(), task->message = error.what();
    } catch (const std::exception& error) {
      task->failed = true, task->code = "INTERNAL", task->message = error.what();
    }
    auto settle = task->settle;
    settle.BlockingCall([task](Napi::Env env, Napi::Function) {
      Settle(env, task->deferred, [&task](Napi::Env env) {
        if (task->failed) throw ToJsError(env, task->code, task->message);
        return task->to_js(env);
      });
    });
    settle.Release();
  }).detach();
  return promise;
}

}  // namespace flash_slim
