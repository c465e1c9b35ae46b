// What the binding files share: registration, typed errors, and a promise settled from a thread of our own.
#pragma once
#include <napi.h>

#include <functional>
#include <string>

#include "error.h"

namespace flash_slim {

void RegisterCache(Napi::Env env, Napi::Object exports);   // cache_binding.cc
void RegisterProbe(Napi::Env env, Napi::Object exports);   // probe_binding.cc
void RegisterEngine(Napi::Env env, Napi::Object exports);  // engine_binding.cc
void RegisterMemory(Napi::Env env, Napi::Object exports);  // memory_binding.cc

// A JavaScript Error with `code`.
Napi::Error ToJsError(Napi::Env env, const std::string& code, const std::string& message);

// Resolves with `value(env)`, or rejects with the Napi::Error that it throws.
void Settle(Napi::Env env, const Napi::Promise::Deferred& deferred,
            const std::function<Napi::Value(Napi::Env)>& value);

// Runs `work` on a new thread (never libuv's pool) and settles the returned promise on the main thread: with
// `to_js(env)` when work returned, with its Error otherwise. Both closures must own what they touch.
Napi::Promise RunAsync(Napi::Env env, std::function<void()> work, std::function<Napi::Value(Napi::Env)> to_js);

}  // namespace flash_slim
