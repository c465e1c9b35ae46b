// kernels_bench [--repetitions N] [--filter TEXT]: matrix products on
// Llama-3.2-1B's shapes, ours and llama.cpp's.
//
// Repetitions are interleaved (each contestant once, then each again); of each
// short run of products the least time counts, and a contestant's time is the
// median of its runs: what others do on the machine meanwhile drops out as far
// as it can. Prints a Markdown table.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "kernels/half.h"
#include "matmul_case.h"

using namespace flash_slim;
using namespace flash_slim::bench;

namespace {

constexpr int64_t kWeightBytes = 128 << 20;  // of all copies of a matrix together: several times any cache here
constexpr int64_t kRunBytes = 8 << 20;       // of one token's run: a fraction of a millisecond

struct Shape {
  const char* use;
  WeightKind kind;
  int64_t columns, rows;
};
constexpr Shape kShapes[] = {
    {"qkv Q4_0", WeightKind::kQ4_0, 2048, 3072},      {"output Q4_0", WeightKind::kQ4_0, 2048, 2048},
    {"gate+up Q4_0", WeightKind::kQ4_0, 2048, 16384}, {"down Q4_0", WeightKind::kQ4_0, 8192, 2048},
    {"qkv Q4_1", WeightKind::kQ4_1, 2048, 3072},      {"gate+up Q4_1", WeightKind::kQ4_1, 2048, 16384},
    {"down Q4_1", WeightKind::kQ4_1, 8192, 2048},     {"head Q8_0", WeightKind::kQ8_0, 2048, 49152},
    {"qkv Q4_K", WeightKind::kQ4_K, 2048, 3072},      {"gate+up Q4_K", WeightKind::kQ4_K, 2048, 16384},
    {"down Q4_K", WeightKind::kQ4_K, 8192, 2048},     {"gate+up Q5_K", WeightKind::kQ5_K, 2048, 16384},
    {"down Q5_K", WeightKind::kQ5_K, 8192, 2048},     {"gate+up Q6_K", WeightKind::kQ6_K, 2048, 16384},
    {"down Q6_K", WeightKind::kQ6_K, 8192, 2048},     {"gate+up Q5_0", WeightKind::kQ5_0, 2048, 16384},
    {"gate+up Q5_1", WeightKind::kQ5_1, 2048, 16384}, {"gate+up BF16", WeightKind::kBF16, 2048, 16384},
};

// A matrix in the model file's form: random quants, scales about what a model
// has.
std::vector<uint8_t> RandomWeights(const Shape& shape) {
  std::mt19937 random(1);
  std::vector<uint8_t> bytes(SourceRowBytes(shape.kind, shape.columns) * shape.rows);
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    const uint32_t word = random();
    std::memcpy(&bytes[i], &word, 4);
  }
  const KindShape kind = ShapeOf(shape.kind);
  const size_t block_bytes = BlockBytes(shape.kind) / kRowsPerBlock;
  const auto put = [](uint8_t* p, uint16_t half) { std::memcpy(p, &half, 2); };
  for (size_t i = 0; i < bytes.size(); i += block_bytes) {
    uint8_t* block = &bytes[i];
    if (IsFloat(shape.kind)) {  // BF16: exponents about 1
      for (size_t k = 1; k < block_bytes; k += 2) block[k] = 0x3c | (block[k] & 0x81);
      continue;
    }
    // Scales of sub-blocks are random bits.
    const float quants = float(1 << (kind.bits - 4)) * (kind.scale_bytes ? 32 : 1);
    const float size = 0.01f * (1 + float(block[0]) / 256) / quants;
    put(kind.bits == 6 ? block + 208 : block, FloatToHalf(size));
    const float minimum = float(1 << (kind.bits - 1)) * size;
    if (HasMinimum(shape.kind)) put(block + 2, FloatToHalf(kind.scale_bytes ? minimum : -minimum));
  }
  return bytes;
}

double Seconds(Contestant& contestant, int run) {
  const auto begin = std::chrono::steady_clock::now();
  contestant.Run(run);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Both quantize activations to 8 bits, so that they agree to about a thousandth
// of the result's size.
double RelativeDifference(const float* a, const float* b, size_t count) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < count; ++i) {
    difference += (double(a[i]) - b[i]) * (double(a[i]) - b[i]), size += double(b[i]) * b[i];
  }
  return std::sqrt(difference / size);
}

void RunShape(const Shape& shape, int tokens, int repetitions) {
  const std::vector<uint8_t> weights = RandomWeights(shape);
  std::vector<float> activations(shape.columns * tokens);
  std::mt19937 random(2);
  for (float& x : activations) x = float(int32_t(random())) * 0x1p-31f;
  const auto fitting = [&](int64_t bytes) { return int(std::max<int64_t>(1, bytes / int64_t(weights.size()))); };
  const int per_run = tokens == 1 ? fitting(kRunBytes) : 1;
  const int runs = std::max(1, fitting(kWeightBytes) / per_run);
  const MatmulCase matmul = {shape.use, shape.kind, shape.columns, shape.rows, runs,
                             per_run,   &weights,   &activations,  tokens};

  std::vector<std::unique_ptr<Contestant>> contestants;
  for (const KernelSet* kernels : AvailableKernels()) {
    if (std::strcmp(kernels->name, "reference") != 0) contestants.push_back(MakeOurs(matmul, kernels));
  }
#if defined(FLASH_SLIM_HAVE_GGML)
  for (const bool repacked : {true, false}) {
    if (auto ggml = MakeGgml(matmul, repacked)) contestants.push_back(std::move(ggml));
  }
#endif
  const double never = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> best(contestants.size(), std::vector<double>(runs, never));
  for (int i = 0; i < repetitions; ++i) {
    for (size_t c = 0; c < contestants.size(); ++c) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // until the last one's threads have gone to sleep
      for (int run = 0; run < runs; ++run) best[c][run] = std::min(best[c][run], Seconds(*contestants[c], run));
    }
  }
  for (size_t c = 0; c < contestants.size(); ++c) {
    if (RelativeDifference(contestants[c]->output(), contestants[0]->output(), size_t(shape.rows) * tokens) > 0.01) {
      std::fprintf(stderr, "%s and %s disagree\n", contestants[c]->name().c_str(), contestants[0]->name().c_str());
      std::exit(1);
    }
    std::sort(best[c].begin(), best[c].end());
    const double seconds = best[c][runs / 2] / per_run;
    std::printf("| %s %dx%d | %d | %s | %.1f | %.1f | %.2f |\n", shape.use, int(shape.columns), int(shape.rows), tokens,
                contestants[c]->name().c_str(), 1e6 * seconds,
                double(shape.columns) * double(shape.rows) * tokens / seconds / 1e9,
                double(weights.size()) / seconds / 1e9);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int repetitions = 7;
  std::string filter;
  std::vector<int> token_counts = {1, 64};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--repetitions") repetitions = std::atoi(argv[i + 1]);
    if (flag == "--filter") filter = argv[i + 1];
    if (flag == "--tokens") token_counts = {std::atoi(argv[i + 1])};
  }
  std::printf(
      "| matrix | tokens | kernel | us | GMAC/s | weights GB/s "
      "|\n|---|---|---|---|---|---|\n");
  for (const int tokens : token_counts) {
    for (const Shape& shape : kShapes) {
      if (std::string(shape.use).find(filter) != std::string::npos) RunShape(shape, tokens, repetitions);
    }
  }
  return 0;
}
