// The thread that an engine lives on: calls are run there in order, and settle promises on the main thread. A thread that
// stays, because a decode pass takes a few milliseconds and a new thread per pass would cost some of them.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "binding/binding.h"

namespace flash_slim {

class EngineThread {
 public:
  explicit EngineThread(Napi::Env env);
  ~EngineThread();
  // Both closures must own what they touch.
  Napi::Promise Post(Napi::Env env, std::function<void()> work, std::function<Napi::Value(Napi::Env)> to_js);

 private:
  struct Task {
    Napi::Promise::Deferred deferred;
    std::function<void()> work;
    std::function<Napi::Value(Napi::Env)> to_js;
    std::string code, message;
  };
  void Work();

  std::shared_ptr<std::atomic<bool>> gone_;
  Napi::ThreadSafeFunction settle_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Task>> tasks_;
  bool closing_ = false;
  int under_way_ = 0;  // posted and not settled; of the main thread alone
  std::thread thread_;
};

}  // namespace flash_slim
