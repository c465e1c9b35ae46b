#include "binding/engine_thread.h"

namespace flash_slim {

EngineThread::EngineThread(Napi::Env env)
    : gone_(std::make_shared<std::atomic<bool>>(false)),
      settle_(Napi::ThreadSafeFunction::New(env, Napi::Function(), "flash-slim engine", 0, 1,
                                            [gone = gone_](Napi::Env) { *gone = true; })) {
  settle_.Unref(env);  // an idle engine keeps no process alive; a task under way does
  thread_ = std::thread([this] { Work(); });
}

EngineThread::~EngineThread() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
  // When the process ends, Node.js takes the function down before the objects that use it.
  if (!*gone_) settle_.Release();
}

Napi::Promise EngineThread::Post(Napi::Env env, std::function<void()> work, std::function<Napi::Value(Napi::Env)> to_js) {
  auto task = std::make_shared<Task>(Task{Napi::Promise::Deferred::New(env), std::move(work), std::move(to_js), "", ""});
  Napi::Promise promise = task->deferred.Promise();
  if (under_way_++ == 0) settle_.Ref(env);
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(task);
  }
  wake_.notify_one();
  return promise;
}

void EngineThread::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    std::shared_ptr<Task> task = tasks_.front();
    tasks_.pop_front();
    lock.unlock();
    try {
      task->work();
    } catch (const Error& error) {
      task->code = error.code(), task->message = error.what();
    } catch (const std::bad_alloc&) {
      task->code = "OUT_OF_MEMORY", task->message = "out of memory; lower --memory-budget or the context";
    } catch (const std::exception& error) {
      task->code = "INTERNAL", task->message = error.what();
    }
    task->work = nullptr;
    settle_.BlockingCall([this, task](Napi::Env env, Napi::Function) {
      // Not by tasks_, where the task that runs now is no more.
      if (--under_way_ == 0) settle_.Unref(env);
      Settle(env, task->deferred, [&task](Napi::Env env) {
        if (!task->code.empty()) throw ToJsError(env, task->code, task->message);
        return task->to_js(env);
      });
    });
    lock.lock();
  }
}

}  // namespace flash_slim
