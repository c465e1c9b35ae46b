// The router's scores choose; the controller is told at once, so that the chosen experts' groups are read while the
// shared expert is computed. Then each chosen expert takes all its tokens together: its weights come once a pass.
// Tokens add up their experts in order, so that what a token gets does not depend on the others in the pass.
#include <algorithm>

#include "elementary.h"
#include "engine/clock.h"
#include "engine/operator_kernels.h"

namespace flash_slim {
namespace {

// Who goes where: assignments lie by expert, and by token within one.
struct Routes {
  std::vector<int64_t> begin;         // [experts + 1]
  std::vector<int64_t> tokens;        // [assignments]
  std::vector<float> shares;          // [assignments]
  std::vector<int64_t> of_token;      // [tokens][used]: assignments by ascending expert
  std::vector<bool> chosen;           // [experts]
  std::vector<double> probabilities;  // of one token
  std::vector<int> best;
  std::vector<Activations> inputs;     // [assignments]
  std::vector<float> gated, branches;  // [assignments][expert width], [assignments][hidden]
  std::vector<float> shared;           // [tokens][shared width]
};
thread_local Routes routes_buffer;  // of the engine's thread

void Choose(const float* scores, int64_t tokens, int experts, int used, bool normalized, Routes* routes) {
  struct Choice {
    int expert;
    float share;
  };
  static thread_local std::vector<Choice> choices;  // [tokens][used], by ascending expert
  choices.clear();
  routes->begin.assign(size_t(experts) + 1, 0);
  routes->best.resize(size_t(experts));
  routes->probabilities.resize(size_t(experts));
  for (int64_t t = 0; t < tokens; t++, scores += experts) {
    const float most = *std::max_element(scores, scores + experts);
    double sum = 0, chosen_sum = 0;
    for (int e = 0; e < experts; e++) sum += routes->probabilities[e] = elementary::Exp(double(scores[e]) - most);
    for (int e = 0; e < experts; e++) routes->best[e] = e;
    std::partial_sort(routes->best.begin(), routes->best.begin() + used, routes->best.end(),
                      [&](int a, int b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
    std::sort(routes->best.begin(), routes->best.begin() + used);
    for (int i = 0; i < used; i++) chosen_sum += routes->probabilities[routes->best[i]];
    for (int i = 0; i < used; i++) {
      const int expert = routes->best[i];
      choices.push_back({expert, float(routes->probabilities[expert] / (normalized ? chosen_sum : sum))});
      routes->begin[expert + 1]++;
    }
  }
  routes->chosen.resize(size_t(experts));
  for (int e = 0; e < experts; e++) {
    routes->chosen[e] = routes->begin[e + 1] > 0;
    routes->begin[e + 1] += routes->begin[e];
  }
  std::vector<int64_t> next(routes->begin.begin(), routes->begin.end() - 1);
  routes->tokens.resize(choices.size());
  routes->shares.resize(choices.size());
  routes->of_token.resize(choices.size());
  for (size_t i = 0; i < choices.size(); i++) {
    const int64_t at = next[choices[i].expert]++;
    routes->tokens[at] = int64_t(i) / used;
    routes->shares[at] = choices[i].share;
    routes->of_token[i] = at;
  }
}

// y [assignments][width]: each chosen expert's rows times its assignments' inputs.
void MultiplyExperts(PassState& state, const StreamMatMulKernel& kernel, const Activations* inputs,
                     const Routes& routes, int64_t width, float* y) {
  const uint64_t begin = NowNs();
  WeightChunkController& controller = *state.controller;
  const int id = int(kernel.weights_ids[0]);
  const WeightChunk& chunk = controller.chunk(id);
  const auto expert_of = [&](int group) { return controller.group(group).row_block_begin / RowBlocksPerExpert(chunk); };
  static thread_local std::vector<StreamMatMulKernel::Part> buffer;
  std::vector<StreamMatMulKernel::Part>& parts = buffer;
  parts.clear();
  for (int group : controller.groups_of(id))
    if (routes.chosen[size_t(expert_of(group))])
      for (int index = 0; index < state.parts_per_group; index++) parts.push_back({group, index, 0});
  const uint64_t waited_before = state.waited_ns.load(std::memory_order_relaxed);
  // Without a gate: the parts are others in every pass, and a worker may look at a gate's after the product is done.
  state.pool->ForEach(int64_t(parts.size()), [&](int64_t i) {
    const int64_t expert = expert_of(parts[i].group), first = routes.begin[expert];
    kernel.Multiply(state, parts[i], inputs + first, routes.begin[expert + 1] - first, nullptr, expert * width,
                    y + first * width, size_t(width));
  });
  const uint64_t waited = state.waited_ns.load(std::memory_order_relaxed) - waited_before;
  const uint64_t wall = NowNs() - begin, lost = std::min(wall, waited / uint64_t(state.pool->threads()));
  const uint64_t spent = wall - lost;
  controller.OnChunkDone(id, spent);
  state.stall_ns += lost;
  state.streamed_compute_ns += spent;
}

}  // namespace

void StreamExpertsKernel::Compute(PassState& state, const float* x, const float* scores, const float* shared_gate,
                                  int64_t tokens, float* out) const {
  WeightChunkController& controller = *state.controller;
  const WeightChunk& chunk = controller.chunk(int(gate_up.weights_ids[0]));
  const int64_t hidden = chunk.columns, width = controller.chunk(int(down.weights_ids[0])).columns;
  Routes& routes = routes_buffer;
  Choose(scores, tokens, chunk.experts, used, normalized, &routes);
  controller.ChooseExperts(int(gate_up.weights_ids[0]), routes.chosen);
  controller.ChooseExperts(int(down.weights_ids[0]), routes.chosen);

  std::fill(out, out + tokens * hidden, 0.0f);
  if (!shared_down.weights_ids.empty()) {
    routes.shared.resize(size_t(tokens * shared_gate_up.OutputColumns(state)));
    shared_gate_up.Compute(state, x, tokens, routes.shared.data());
    shared_down.Compute(state, routes.shared.data(), tokens, out);
    for (int64_t t = 0; t < tokens && shared_gate; t++) {
      double score = 0;
      for (int64_t i = 0; i < hidden; i++) score += double(x[t * hidden + i]) * shared_gate[i];
      const float share = float(1 / (1 + elementary::Exp(-score)));
      for (int64_t i = 0; i < hidden; i++) out[t * hidden + i] *= share;
    }
  }

  const size_t assignments = routes.tokens.size();
  routes.inputs.resize(assignments);
  routes.gated.resize(assignments * size_t(width));
  routes.branches.resize(assignments * size_t(hidden));
  const Activations* const of_tokens = gate_up.Quantize(state, x, tokens, hidden);
  for (size_t i = 0; i < assignments; i++) routes.inputs[i] = of_tokens[routes.tokens[i]];
  MultiplyExperts(state, gate_up, routes.inputs.data(), routes, width, routes.gated.data());
  const Activations* const of_gated = down.Quantize(state, routes.gated.data(), int64_t(assignments), width);
  MultiplyExperts(state, down, of_gated, routes, hidden, routes.branches.data());
  if (controller.stopped()) return;
  state.pool->ForEach(tokens, [&](int64_t t) {
    float* sum = out + t * hidden;
    for (int j = 0; j < used; j++) {
      const int64_t at = routes.of_token[size_t(t * used + j)];
      const float share = routes.shares[size_t(at)];
      const float* branch = routes.branches.data() + at * hidden;
      for (int64_t i = 0; i < hidden; i++) sum[i] += share * branch[i];
    }
  });
}

}  // namespace flash_slim
