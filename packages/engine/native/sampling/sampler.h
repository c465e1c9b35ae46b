// From a row of logits to a token: repetition penalty, then top-k, top-p, min-p, temperature, and a draw, in the order in
// which llama.cpp applies them. The same seed and logits give the same tokens on every machine.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flash_slim {

struct SamplerOptions {
  float temperature = 0.8f;         // 0: greedy
  int top_k = 40;                   // 0: off
  float top_p = 0.9f;               // 1: off
  float min_p = 0.0f;               // 0: off
  float repetition_penalty = 1.0f;  // 1: off; over the last repetition_window tokens
  int repetition_window = 64;
  uint64_t seed = 0;
  uint64_t drawn = 0;  // draws made before, by a sampler whose work this one goes on with
};

class Sampler {
 public:
  // Throws Error INVALID_SAMPLING for values outside their range.
  explicit Sampler(const SamplerOptions& options);
  // Tells of a token that is in the context: the prompt's and those drawn.
  void Accept(int32_t token);
  // Draws; does not accept. Throws Error NOT_FINITE when no logit is finite.
  int32_t Sample(const float* logits, int64_t vocabulary);

 private:
  struct Candidate {
    float logit;
    int32_t token;
  };
  double NextUniform();

  SamplerOptions options_;
  uint64_t state_;                 // splitmix64
  std::vector<int32_t> recent_;    // ring of the last tokens
  size_t recent_next_ = 0;
  std::vector<float> penalized_;
  std::vector<Candidate> candidates_;
  std::vector<double> weights_;
};

}  // namespace flash_slim
