#include "engine/adapter.h"

#include <algorithm>
#include <string>

#include "engine/pass_state.h"
#include "engine/thread_pool.h"
#include "error.h"

namespace flash_slim {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kMostRank = 4096;

float Dot(const float* a, const float* x, int64_t count) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; lane++) lanes[lane] += a[i + lane] * x[i + lane];
  for (int64_t lane = 0; i < count; i++, lane++) lanes[lane] += a[i] * x[i];
  for (int64_t half = kLanes / 2; half > 0; half /= 2)
    for (int64_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
  return lanes[0];
}

// y[0..count) += sum over ranks of inner[r] * b[r][0..count)
void AddRows(const AdapterModule& module, int64_t row, int64_t count, const float* inner, float* y) {
  for (int64_t rank = 0; rank < module.rank; rank++) {
    const float* const b = &module.b[size_t(rank * module.rows + row)];
    const float factor = inner[rank];
    for (int64_t i = 0; i < count; i++) y[i] += factor * b[i];
  }
}

}  // namespace

std::vector<float> TransposedRows(const float* b, int64_t rows, int64_t rank, int64_t interleaved_head) {
  std::vector<float> transposed(size_t(rows * rank));
  for (int64_t row = 0; row < rows; row++) {
    int64_t to = row;
    if (interleaved_head > 0) {
      const int64_t within = row % interleaved_head, half = interleaved_head / 2;
      to = row - within + (within % half) * 2 + within / half;
    }
    for (int64_t r = 0; r < rank; r++) transposed[size_t(r * rows + to)] = b[row * rank + r];
  }
  return transposed;
}

void Adapter::Add(AdapterModule module, const WeightChunk& chunk) {
  const bool paired = module.pair_side >= 0;
  const bool fits = !chunk.head && chunk.experts == 0 && module.columns == chunk.columns && module.rank >= 1 &&
                    module.rank <= kMostRank && module.rows >= 1 && module.pair_side <= 1 &&
                    (paired ? chunk.paired && module.rows == chunk.rows / 2
                            : module.row_begin >= 0 && module.row_begin + module.rows <= chunk.rows) &&
                    module.a.size() == size_t(module.rank * module.columns) &&
                    module.b.size() == size_t(module.rank * module.rows);
  if (!fits)
    throw Error("INVALID_REQUEST", "an adapter's module of " + std::to_string(module.rows) + " rows, " +
                                       std::to_string(module.columns) + " columns and rank " +
                                       std::to_string(module.rank) + " does not fit " + chunk.name);
  modules_[module.weights_id].push_back(std::move(module));
}

void AdapterProduct::Begin(const PassState& state, const std::vector<int64_t>& weights_ids, const float* x) {
  parts_.clear();
  size_t inner = 0;
  for (const AdapterSpan& span : state.adapter_spans)
    for (int64_t id : weights_ids) {
      const std::vector<AdapterModule>* modules = span.adapter->ModulesOf(int(id));
      if (!modules) continue;
      for (const AdapterModule& module : *modules) {
        parts_.push_back({&module, span.scale * module.scale, span.token_begin, span.token_count, inner});
        inner += size_t(span.token_count * module.rank);
      }
    }
  if (parts_.empty()) return;
  if (inner_.size() < inner) inner_.resize(inner);
  state.pool->ForEach(int64_t(parts_.size()), [&](int64_t i) {
    const Part& part = parts_[size_t(i)];
    const AdapterModule& module = *part.module;
    for (int64_t t = 0; t < part.token_count; t++)
      for (int64_t r = 0; r < module.rank; r++)
        inner_[part.inner + size_t(t * module.rank + r)] =
            part.scale *
            Dot(&module.a[size_t(r * module.columns)], x + (part.token_begin + t) * module.columns, module.columns);
  });
}

void AdapterProduct::AddTo(int weights_id, int64_t row_begin, int64_t count, float* y, size_t ldy) const {
  for (const Part& part : parts_) {
    const AdapterModule& module = *part.module;
    if (module.weights_id != weights_id) continue;
    const auto add = [&](int64_t row, int64_t rows, int64_t column) {
      for (int64_t t = 0; t < part.token_count; t++)
        AddRows(module, row, rows, &inner_[part.inner + size_t(t * module.rank)],
                y + size_t(part.token_begin + t) * ldy + column);
    };
    if (module.pair_side < 0) {
      const int64_t first = std::max(row_begin, module.row_begin);
      const int64_t last = std::min(row_begin + count, module.row_begin + module.rows);
      if (first < last) add(first - module.row_begin, last - first, first - row_begin);
      continue;
    }
    for (int64_t at = 0; at < count; at += kRowsPerBlock) {
      const int64_t block = (row_begin + at) / kRowsPerBlock;
      if (block % 2 == module.pair_side) add(block / 2 * kRowsPerBlock, kRowsPerBlock, at);
    }
  }
}

}  // namespace flash_slim
