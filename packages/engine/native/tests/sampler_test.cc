#include "sampling/sampler.h"

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "error.h"
#include "tests/check.h"

using flash_slim::Error;
using flash_slim::Sampler;
using flash_slim::SamplerOptions;

static std::vector<float> Logits(int count) {
  std::vector<float> logits(count);
  for (int i = 0; i < count; i++) logits[i] = float((i * 7919) % 1000) / 100.0f;
  return logits;
}

static std::vector<int> Draws(const SamplerOptions& options, const std::vector<float>& logits, int count) {
  Sampler sampler(options);
  std::vector<int> tokens;
  for (int i = 0; i < count; i++) tokens.push_back(sampler.Sample(logits.data(), int64_t(logits.size())));
  return tokens;
}

static bool Refused(SamplerOptions options) {
  try {
    Sampler sampler(options);
  } catch (const Error& error) {
    return error.code() == "INVALID_SAMPLING";
  }
  return false;
}

int main() {
  const std::vector<float> logits = Logits(500);
  int best = 0;
  for (int i = 0; i < 500; i++)
    if (logits[i] > logits[best]) best = i;

  SamplerOptions greedy;
  greedy.temperature = 0;
  CHECK(Draws(greedy, logits, 1)[0] == best);
  // Equal logits: the lowest token.
  CHECK(Draws(greedy, {1, 3, 3, 2}, 1)[0] == 1);

  SamplerOptions seeded;
  seeded.seed = 42;
  CHECK(Draws(seeded, logits, 200) == Draws(seeded, logits, 200));
  // Going on after 80 draws.
  SamplerOptions later = seeded;
  later.drawn = 80;
  const std::vector<int> whole = Draws(seeded, logits, 200);
  CHECK(Draws(later, logits, 120) == std::vector<int>(whole.begin() + 80, whole.end()));
  SamplerOptions other = seeded;
  other.seed = 43;
  CHECK(Draws(seeded, logits, 200) != Draws(other, logits, 200));

  // top-k: only the k best are ever drawn, and all of them at a high temperature.
  SamplerOptions top_k;
  top_k.top_k = 5, top_k.top_p = 1, top_k.temperature = 100;
  const std::vector<int> few = Draws(top_k, logits, 500);
  std::set<int> drawn(few.begin(), few.end());
  CHECK(drawn.size() == 5);
  for (int token : drawn) {
    int above = 0;
    for (float logit : logits) above += logit > logits[token];
    CHECK(above < 5);
  }

  // top-p over known probabilities 0.5, 0.3, 0.2: 0.7 keeps two.
  const std::vector<float> known = {std::log(0.2f), std::log(0.5f), std::log(0.3f)};
  SamplerOptions top_p;
  top_p.top_k = 0, top_p.top_p = 0.7f, top_p.temperature = 1;
  int counts[3] = {0, 0, 0};
  for (int token : Draws(top_p, known, 8000)) counts[token]++;
  CHECK(counts[0] == 0);
  CHECK(std::abs(counts[1] / 8000.0 - 0.625) < 0.03);

  // min-p: 0.5 of the best keeps 0.5 and 0.3.
  SamplerOptions min_p;
  min_p.top_k = 0, min_p.top_p = 1, min_p.min_p = 0.5f, min_p.temperature = 1;
  for (int token : Draws(min_p, known, 500)) CHECK(token != 0);

  // Without any cut the draws follow the distribution.
  SamplerOptions plain;
  plain.top_k = 0, plain.top_p = 1, plain.temperature = 1;
  int all[3] = {0, 0, 0};
  for (int token : Draws(plain, known, 20000)) all[token]++;
  CHECK(std::abs(all[0] / 20000.0 - 0.2) < 0.02 && std::abs(all[1] / 20000.0 - 0.5) < 0.02);

  // Repetition penalty: positive logits shrink, negative ones sink.
  SamplerOptions penalty = greedy;
  penalty.repetition_penalty = 2;
  Sampler repeated(penalty);
  repeated.Accept(0);
  const std::vector<float> close = {3, 2, -1};
  CHECK(repeated.Sample(close.data(), 3) == 1);
  const std::vector<float> negative = {-1, -1.5f};
  CHECK(repeated.Sample(negative.data(), 2) == 1);

  // Not finite.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(Draws(greedy, {nan, 1, nan}, 1)[0] == 1);
  bool refused = false;
  try {
    Draws(greedy, {nan, nan}, 1);
  } catch (const Error& error) {
    refused = error.code() == "NOT_FINITE";
  }
  CHECK(refused);

  SamplerOptions bad;
  bad.temperature = -1;
  CHECK(Refused(bad));
  bad = {}, bad.top_p = 0;
  CHECK(Refused(bad));
  bad = {}, bad.min_p = 1.5f;
  CHECK(Refused(bad));
  bad = {}, bad.repetition_penalty = 0;
  CHECK(Refused(bad));
  std::puts("sampler_test: ok");
}
