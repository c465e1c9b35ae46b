// What the operators of one pass share: its tokens, sequences and helpers. Written by the engine before the graph runs;
// a graph has one pass at a time.
#pragma once
#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "elementary.h"
#include "engine/adapter.h"
#include "engine/controller.h"
#include "engine/kv_cache.h"
#include "engine/thread_pool.h"
#include "kernels/kernel_set.h"

namespace flash_slim {

// How heads rotate: pair i by position * inverse_frequencies[i], growing by magnitude.
struct Turns {
  std::vector<float> inverse_frequencies;
  float magnitude = 1;
  auto operator<=>(const Turns&) const = default;
};

struct PassState {
  struct Token {
    KvCache::Sequence* sequence;
    int64_t position;
  };

  WeightChunkController* controller = nullptr;
  KvCache* kv = nullptr;
  ThreadPool* pool = nullptr;
  const KernelSet* kernels = nullptr;
  bool float_activations = false;
  int parts_per_group = 1;    // every one of them acquires and releases the group
  int load_number = 0;        // of plans
  std::vector<Token> tokens;  // of all sequences, end to end
  std::vector<AdapterSpan> adapter_spans;
  int64_t vocabulary = 0;
  // Of all threads and passes. A worker may add to it after its product is done.
  mutable std::atomic<uint64_t> waited_ns{0};
  uint64_t stall_ns = 0;             // compute waited for reads, mean over the threads
  uint64_t streamed_compute_ns = 0;  // inside StreamMatMul, waiting excluded

  // Cosines and sines [token][pairs] of this pass's positions, made once per distinct turns.
  struct Rotation {
    bool current = false;
    std::vector<float> cosines, sines;
  };
  const Rotation& RotationFor(const Turns& turns) {
    const std::vector<float>& inverse_frequencies = turns.inverse_frequencies;
    Rotation& rotation = rotations_[turns];
    if (rotation.current) return rotation;
    const size_t pairs = inverse_frequencies.size();
    rotation.cosines.resize(tokens.size() * pairs);
    rotation.sines.resize(tokens.size() * pairs);
    for (size_t t = 0; t < tokens.size(); t++)
      for (size_t i = 0; i < pairs; i++) {
        const double angle = double(tokens[t].position) * double(inverse_frequencies[i]);
        const auto [sine, cosine] = elementary::SinCos(angle);
        rotation.cosines[t * pairs + i] = float(cosine * turns.magnitude);
        rotation.sines[t * pairs + i] = float(sine * turns.magnitude);
      }
    rotation.current = true;
    return rotation;
  }
  // The tokens are others now: rotations are made anew when asked for.
  void TokensChanged() {
    for (auto& [turns, rotation] : rotations_) rotation.current = false;
  }

 private:
  std::map<Turns, Rotation> rotations_;
};

}  // namespace flash_slim
