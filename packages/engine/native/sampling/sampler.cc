#include "sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "elementary.h"
#include "error.h"

namespace flash_slim {

// splitmix64 adds this for each number that it gives.
constexpr uint64_t kStep = 0x9e3779b97f4a7c15ull;

Sampler::Sampler(const SamplerOptions& options) : options_(options), state_(options.seed + options.drawn * kStep) {
  const auto require = [](bool good, const char* what, double value) {
    if (!good) throw Error("INVALID_SAMPLING", std::string(what) + ", got " + std::to_string(value));
  };
  require(options.temperature >= 0 && std::isfinite(options.temperature), "temperature is 0 or more", options.temperature);
  require(options.top_k >= 0, "top-k is 0 (off) or more", options.top_k);
  require(options.top_p > 0 && options.top_p <= 1, "top-p is above 0 and at most 1", options.top_p);
  require(options.min_p >= 0 && options.min_p <= 1, "min-p is from 0 to 1", options.min_p);
  require(options.repetition_penalty > 0 && std::isfinite(options.repetition_penalty), "repetition-penalty is above 0",
          options.repetition_penalty);
}

void Sampler::Accept(int32_t token) {
  if (options_.repetition_window <= 0) return;
  if (recent_.size() < size_t(options_.repetition_window)) {
    recent_.push_back(token);
  } else {
    recent_[recent_next_] = token;
    recent_next_ = (recent_next_ + 1) % recent_.size();
  }
}

// splitmix64 (Steele, Lea, Flood 2014): 53 random bits in [0, 1).
double Sampler::NextUniform() {
  uint64_t z = (state_ += kStep);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return double((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

int32_t Sampler::Sample(const float* logits, int64_t vocabulary) {
  if (options_.repetition_penalty != 1.0f && !recent_.empty()) {
    penalized_.assign(logits, logits + vocabulary);
    std::vector<int32_t> distinct = recent_;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    // Keskar et al. 2019: a positive logit is divided, a negative one multiplied.
    for (int32_t token : distinct) {
      if (token < 0 || token >= vocabulary) continue;
      float& logit = penalized_[token];
      logit = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
    }
    logits = penalized_.data();
  }
  const bool greedy = options_.temperature == 0 || options_.top_k == 1;
  const size_t keep = greedy ? 1 : options_.top_k == 0 ? size_t(vocabulary) : size_t(std::min<int64_t>(options_.top_k, vocabulary));
  // Equal logits are ordered by token, so that the outcome depends on nothing else.
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
  };
  // A heap of the best `keep`, its worst on top: most logits fail the first comparison.
  candidates_.clear();
  for (int64_t i = 0; i < vocabulary; i++) {
    const Candidate candidate{logits[i], int32_t(i)};
    if (!std::isfinite(candidate.logit)) continue;
    if (candidates_.size() < keep) {
      candidates_.push_back(candidate);
      if (candidates_.size() == keep) std::make_heap(candidates_.begin(), candidates_.end(), better);
    } else if (better(candidate, candidates_.front())) {
      std::pop_heap(candidates_.begin(), candidates_.end(), better);
      candidates_.back() = candidate;
      std::push_heap(candidates_.begin(), candidates_.end(), better);
    }
  }
  if (candidates_.empty()) throw Error("NOT_FINITE", "the model gave no finite logit; its weights may be damaged");
  std::sort(candidates_.begin(), candidates_.end(), better);
  if (greedy) return candidates_[0].token;

  const double top = candidates_[0].logit;
  size_t count = candidates_.size();
  if (options_.top_p < 1) {
    double total = 0, sum = 0;
    for (const Candidate& c : candidates_) total += elementary::Exp(c.logit - top);
    for (size_t i = 0; i < count; i++) {
      sum += elementary::Exp(candidates_[i].logit - top);
      if (sum >= double(options_.top_p) * total) count = i + 1;
    }
  }
  if (options_.min_p > 0) {
    const double least = top + elementary::Log(double(options_.min_p));
    while (count > 1 && candidates_[count - 1].logit < least) count--;
  }
  weights_.resize(count);
  double total = 0;
  for (size_t i = 0; i < count; i++) total += weights_[i] = elementary::Exp((candidates_[i].logit - top) / options_.temperature);
  double left = NextUniform() * total;
  for (size_t i = 0; i < count; i++)
    if ((left -= weights_[i]) < 0) return candidates_[i].token;
  return candidates_[count - 1].token;
}

}  // namespace flash_slim
