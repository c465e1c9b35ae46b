// Every table that this CPU runs gives the reference's bits, and the reference gives what plain arithmetic says.
// Prints one hash per group of functions: the same on every CPU, so that runs on other machines can be compared.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/half.h"
#include "kernels/kernel_set.h"
#include "tests/check.h"
#include "tests/source_value.h"

using namespace flash_slim;

namespace {

constexpr float kUnwritten = -123456.0f;

// Uniform in [-1, 1) from the generator's own bits: <random>'s distributions differ between libraries.
float Uniform(std::mt19937& random) { return float(int32_t(random())) * 0x1p-31f; }

struct Hash {
  uint64_t value = 0xcbf29ce484222325;
  void Add(const void* data, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      value = (value ^ static_cast<const uint8_t*>(data)[i]) * 0x100000001b3;
    }
  }
};

// Outputs of one function, for the hash and for comparison with the reference's.
using Outputs = std::vector<float>;

bool SameBits(const Outputs& a, const Outputs& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

struct Token {
  std::vector<float> f32, scale;
  std::vector<int8_t> q;
  std::vector<int32_t> sum;
};

enum class Values { kOrdinary, kExtreme, kZero };

std::vector<Token> MakeTokens(const KernelSet& kernels, int64_t columns, int count, Values values, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Token> tokens(count);
  for (Token& token : tokens) {
    token.f32.resize(columns), token.scale.resize(columns / 32), token.q.resize(columns),
        token.sum.resize(columns / 32);
    for (float& x : token.f32) {
      x = Uniform(random) * 3;
      if (values == Values::kExtreme) x = x < 0 ? -2.5f : 2.5f;  // every quant is -127 or 127
      if (values == Values::kZero) x = 0;
    }
    if (values == Values::kExtreme && columns > 32) {
      std::fill(token.f32.begin(), token.f32.begin() + 32, 2.5f);
      std::fill(token.f32.begin() + 32, token.f32.begin() + 64, -2.5f);
    }
    kernels.quantize(columns, {token.f32.data(), token.q.data(), token.scale.data(), token.sum.data()});
  }
  return tokens;
}

std::vector<Activations> Point(std::vector<Token>& tokens) {
  std::vector<Activations> x;
  for (Token& t : tokens) x.push_back({t.f32.data(), t.q.data(), t.scale.data(), t.sum.data()});
  return x;
}

struct Weights {
  std::vector<uint8_t> rows, packed;  // the model file's form, and ours
};

// Extreme: quants and scales of sub-blocks at their ends.
Weights MakeWeights(WeightKind kind, int64_t columns, int64_t row_blocks, Values values, unsigned seed) {
  std::mt19937 random(seed);
  const size_t row_bytes = SourceRowBytes(kind, columns), row_block_bytes = RowBlockBytes(kind, columns);
  Weights weights = {std::vector<uint8_t>(row_bytes * 8 * row_blocks),
                     std::vector<uint8_t>(row_block_bytes * row_blocks)};
  const auto put_half = [](uint8_t* p, float value) {
    const uint16_t half = FloatToHalf(value);
    std::memcpy(p, &half, 2);
  };
  const auto [block_bytes, block_values] = SourceBlockOf(kind);
  for (size_t i = 0; i < weights.rows.size(); i += block_bytes) {
    uint8_t* block = weights.rows.data() + i;
    if (IsFloat(kind)) {
      const float value = values == Values::kZero ? 0 : Uniform(random);
      if (kind == WeightKind::kF16)
        put_half(block, value);
      else
        std::memcpy(block, reinterpret_cast<const uint8_t*>(&value) + 4 - block_bytes, block_bytes);
      continue;
    }
    for (int k = 0; k < block_bytes; ++k) block[k] = uint8_t(random());
    if (values == Values::kExtreme) {
      const uint8_t ends[] = {0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0};
      std::fill(block, block + block_bytes, ends[random() % 6]);
    }
    const float scale = values == Values::kZero ? 0 : Uniform(random) * 0.1f;
    if (ShapeOf(kind).floats) {
      std::memcpy(block, &scale, 4);
      if (HasZeroPoints(kind) && ShapeOf(kind).bits == 4) block[4] &= 15;
      continue;
    }
    put_half(kind == WeightKind::kQ6_K ? block + 208 : block, scale);
    if (HasMinimum(kind)) put_half(block + 2, Uniform(random) / (ShapeOf(kind).scale_bytes ? 64 : 1));
  }
  for (int64_t rb = 0; rb < row_blocks; ++rb) {
    PackRowBlock(kind, columns, weights.rows.data() + rb * 8 * row_bytes, row_bytes, 8,
                 weights.packed.data() + rb * row_block_bytes);
  }
  return weights;
}

Outputs Multiply(const KernelSet& kernels, bool float_activations, WeightKind kind, const std::vector<uint8_t>& weights,
                 int64_t columns, int64_t row_blocks, const std::vector<Activations>& x) {
  const size_t ldy = size_t(row_blocks) * 8 + 5;
  Outputs y(ldy * x.size(), kUnwritten);
  (float_activations ? kernels.matmul_f32 : kernels.matmul)(kind, weights.data(), columns, row_blocks, x.data(),
                                                            int(x.size()), y.data(), ldy);
  return y;
}

// The reference's product against sums in double over the model file's values. weights: in the file's form.
void CheckProduct(const Outputs& y, bool float_activations, WeightKind kind, const std::vector<uint8_t>& weights,
                  int64_t columns, int64_t row_blocks, const std::vector<Token>& tokens) {
  const size_t ldy = size_t(row_blocks) * 8 + 5;
  const bool quantized = !float_activations && !IsFloat(kind);
  const double largest_minimum =
      HasMinimum(kind);  // products and minima are summed apart and may cancel each other out
  std::vector<float> row(columns);
  for (int64_t i = 0; i < row_blocks * 8; ++i) {
    const uint8_t* source = weights.data() + i * SourceRowBytes(kind, columns);
    for (int64_t k = 0; k < columns; ++k) row[k] = SourceValue(kind, source, k);
    for (size_t t = 0; t < tokens.size(); ++t) {
      double sum = 0, magnitude = 0;
      for (int64_t k = 0; k < columns; ++k) {
        const double x = quantized ? double(tokens[t].q[k]) * tokens[t].scale[k / 32] : tokens[t].f32[k];
        sum += row[k] * x, magnitude += (std::fabs(row[k]) + largest_minimum) * std::fabs(x);
      }
      if (std::fabs(y[t * ldy + i] - sum) > 1e-5 * magnitude + 1e-30) {
        std::fprintf(stderr, "reference, kind %d, %d columns, token %d, row %d: %g instead of %g\n", int(kind),
                     int(columns), int(t), int(i), y[t * ldy + i], sum);
        std::exit(1);
      }
    }
  }
  for (size_t t = 0; t < tokens.size(); ++t) {
    for (size_t i = row_blocks * 8; i < ldy; ++i) CHECK(y[t * ldy + i] == kUnwritten);
  }
}

void TestProducts(const std::vector<const KernelSet*>& sets) {
  const KernelSet& reference = *sets.back();
  for (const bool float_activations : {false, true}) {
    Hash hash;
    for (const WeightKind kind : kAllKinds) {
      for (const int64_t columns : {32, 64, 256, 512, 576, 1280, 2048, 8192}) {
        if (columns % ShapeOf(kind).values != 0) continue;
        for (const int count : {1, 2, 3, 5, 8, 11, 31, 64, 65}) {
          if (columns * count > 2048 * 65) continue;  // the reference takes its time
          for (const Values values : {Values::kOrdinary, Values::kExtreme, Values::kZero}) {
            if (values != Values::kOrdinary && columns > 64 && columns != 512) continue;
            const int64_t row_blocks = columns > 576 ? 3 : 4 + count % 2;
            const unsigned seed = unsigned(columns * 100 + count);
            std::vector<Token> tokens = MakeTokens(reference, columns, count, values, seed);
            const std::vector<Activations> x = Point(tokens);
            const Weights weights = MakeWeights(kind, columns, row_blocks, values, seed);
            const Outputs expected =
                Multiply(reference, float_activations, kind, weights.packed, columns, row_blocks, x);
            CheckProduct(expected, float_activations, kind, weights.rows, columns, row_blocks, tokens);
            hash.Add(expected.data(), expected.size() * sizeof(float));
            for (const KernelSet* set : sets) {
              if (SameBits(Multiply(*set, float_activations, kind, weights.packed, columns, row_blocks, x), expected))
                continue;
              std::fprintf(stderr, "%s %s: kind %d, %d columns, %d tokens, values %d differ from the reference\n",
                           set->name, float_activations ? "matmul_f32" : "matmul", int(kind), int(columns), count,
                           int(values));
              std::exit(1);
            }
          }
        }
      }
    }
    std::printf("%-10s %016llx\n", float_activations ? "matmul_f32" : "matmul", (unsigned long long)hash.value);
  }
}

void CheckSame(const char* what, const std::vector<const KernelSet*>& sets,
               const std::function<Outputs(const KernelSet&)>& run, Hash& hash) {
  const Outputs expected = run(*sets.back());
  hash.Add(expected.data(), expected.size() * sizeof(float));
  for (const KernelSet* set : sets) {
    if (SameBits(run(*set), expected)) continue;
    std::fprintf(stderr, "%s of %s differs from the reference's\n", what, set->name);
    std::exit(1);
  }
}

void TestQuantize(const std::vector<const KernelSet*>& sets) {
  Hash hash;
  constexpr int64_t kColumns = 32 * 200;
  std::mt19937 random(7);
  std::vector<float> x(kColumns);
  for (int64_t i = 0; i < kColumns; ++i) {
    x[i] = std::ldexp(Uniform(random), int(i / 32) - 140);                      // blocks from subnormal to large
    if (i / 32 == 190) x[i] = i % 32 == 5 ? 127.0f : float(i % 32 % 7) + 0.5f;  // ties go to even
    if (i / 32 == 191) x[i] = 0;
    if (i / 32 == 192) x[i] = i % 2 ? -std::numeric_limits<float>::max() : 1;
  }
  CheckSame(
      "quantize", sets,
      [&](const KernelSet& set) {
        std::vector<int8_t> q(kColumns, 99);
        std::vector<float> scale(kColumns / 32);
        std::vector<int32_t> sum(kColumns / 32);
        set.quantize(kColumns, {x.data(), q.data(), scale.data(), sum.data()});
        Outputs out(q.begin(), q.end());
        out.insert(out.end(), scale.begin(), scale.end());
        for (int64_t b = 0; b < kColumns / 32; ++b) {
          int expected_sum = 0, largest = 0;
          for (int k = 0; k < 32; ++k) {
            const int value = q[b * 32 + k];
            expected_sum += value, largest = std::max(largest, std::abs(value));
            CHECK(std::fabs(double(value) * scale[b] - x[b * 32 + k]) <= 0.5000002 * scale[b] + 1e-36);
          }
          CHECK(sum[b] == expected_sum);
          CHECK(largest == (scale[b] == 0 ? 0 : 127));
        }
        CHECK(q[190 * 32] == 0 && q[190 * 32 + 1] == 2 && q[190 * 32 + 2] == 2 && q[190 * 32 + 3] == 4);
        return out;
      },
      hash);
  std::printf("quantize   %016llx\n", (unsigned long long)hash.value);
}

void TestGates(const std::vector<const KernelSet*>& sets) {
  std::vector<float> gate, up;
  for (float x = -120; x < 120; x += 0.0137f) gate.push_back(x);
  for (float x : {0.0f, -0.0f, 1e-30f, -1e-30f, 1e-42f, 3e37f, -3e37f, 88.7f, 88.8f, -88.7f, -103.9f})
    gate.push_back(x);
  gate.resize(gate.size() / 8 * 8 + 3, 1.0f);  // a tail
  for (size_t i = 0; i < gate.size(); ++i) up.push_back(float(i % 13) - 6);
  const auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  // x / 2 * (1 + tanh z), without the cancellation where z is far below 0.
  const auto gelu = [](double x) {
    const double z = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
    return x / (1 + std::exp(-2 * z));
  };
  const auto test = [&](const char* name, auto member, const auto& activate, double tolerance) {
    Hash hash;
    CheckSame(
        name, sets,
        [&](const KernelSet& set) {
          Outputs out(gate.size() + 1, kUnwritten);
          (set.*member)(gate.data(), up.data(), out.data(), gate.size());
          for (size_t i = 0; i < gate.size(); ++i) {
            const double expected = activate(double(gate[i])) * up[i];
            // e^89 is infinite: what lies beyond is below 1e-35 and becomes 0.
            CHECK(std::fabs(out[i] - expected) <= tolerance * std::fabs(expected) + 1e-35);
          }
          CHECK(out.back() == kUnwritten);
          return out;
        },
        hash);
    std::printf("%s   %016llx\n", name, (unsigned long long)hash.value);
  };
  test("silu_mul", &KernelSet::silu_mul, silu, 5e-7);
  // An error of 1 ulp in the exponent z of up to 88 is one of 2^-17 in e^z.
  test("gelu_mul", &KernelSet::gelu_mul, gelu, 3e-5);
}

void TestSoftcap(const std::vector<const KernelSet*>& sets) {
  Hash hash;
  for (const float cap : {0.5f, 30.0f, 50.0f}) {
    std::vector<float> values;
    for (float x = -400; x < 400; x += 0.173f) values.push_back(x);
    for (float x : {0.0f, 1e-30f, 3e37f, -3e37f}) values.push_back(x);
    values.resize(values.size() / 8 * 8 + 5, 1.0f);  // a tail
    CheckSame(
        "softcap", sets,
        [&](const KernelSet& set) {
          Outputs out = values;
          out.push_back(kUnwritten);
          set.softcap(out.data(), values.size(), cap);
          for (size_t i = 0; i < values.size(); ++i)
            CHECK(std::fabs(out[i] - cap * std::tanh(double(values[i]) / cap)) <= 3e-7 * cap);
          CHECK(out.back() == kUnwritten);
          return out;
        },
        hash);
  }
  std::printf("softcap    %016llx\n", (unsigned long long)hash.value);
}

void TestRmsNorm(const std::vector<const KernelSet*>& sets) {
  Hash hash;
  std::mt19937 random(9);
  for (const int count : {1, 7, 8, 20, 128, 259}) {
    std::vector<float> values(count), weights(count);
    for (float& x : values) x = Uniform(random) * 3;
    for (float& x : weights) x = Uniform(random);
    CheckSame(
        "rms_norm", sets,
        [&](const KernelSet& set) {
          Outputs out(count + 1, kUnwritten), in_place = values;
          set.rms_norm(values.data(), weights.data(), out.data(), count, 1e-3f);
          set.rms_norm(in_place.data(), weights.data(), in_place.data(), count, 1e-3f);
          CHECK(std::equal(in_place.begin(), in_place.end(), out.begin()));
          double squares = 0;
          for (const float x : values) squares += double(x) * x;
          const double factor = 1 / std::sqrt(squares / count + 1e-3);
          for (int i = 0; i < count; ++i) CHECK(std::fabs(out[i] - values[i] * factor * weights[i]) < 2e-6);
          CHECK(out.back() == kUnwritten);
          return out;
        },
        hash);
  }
  std::printf("rms_norm   %016llx\n", (unsigned long long)hash.value);
}

void TestRotate(const std::vector<const KernelSet*>& sets) {
  Hash hash;
  std::mt19937 random(8);
  for (const int dim : {2, 6, 16, 64, 128}) {
    for (const bool interleaved : {false, true}) {
      std::vector<float> head(dim + 3), cosines(dim / 2), sines(dim / 2);
      for (float& x : head) x = Uniform(random);
      for (int i = 0; i < dim / 2; ++i) {
        const float angle = Uniform(random) * 3;
        // Rounded, so that libraries whose last bit differs give the same input.
        cosines[i] = HalfToFloat(FloatToHalf(std::cos(angle))), sines[i] = HalfToFloat(FloatToHalf(std::sin(angle)));
      }
      CheckSame(
          "rotate", sets,
          [&](const KernelSet& set) {
            Outputs out = head;
            set.rotate(out.data(), dim, interleaved, cosines.data(), sines.data());
            for (int i = 0; i < dim / 2; ++i) {
              const int a = interleaved ? 2 * i : i, b = interleaved ? 2 * i + 1 : i + dim / 2;
              CHECK(std::fabs(out[a] - (double(head[a]) * cosines[i] - double(head[b]) * sines[i])) < 2e-7);
              CHECK(std::fabs(out[b] - (double(head[a]) * sines[i] + double(head[b]) * cosines[i])) < 2e-7);
            }
            for (int i = dim; i < dim + 3; ++i) CHECK(out[i] == head[i]);
            return out;
          },
          hash);
    }
  }
  std::printf("rotate     %016llx\n", (unsigned long long)hash.value);
}

// Stores `last` positions and attends to [first, last), with every unseen place of the blocks not a number.
Outputs RunAttention(const KernelSet& set, KvType type, int head_size, int query_count, float softcap, int64_t first,
                     int64_t last) {
  std::mt19937 random(unsigned(head_size * 1000 + query_count * 100 + int(last)));
  const int64_t blocks = (last + kKvBlockTokens - 1) / kKvBlockTokens;
  const size_t value_bytes = type == KvType::kF32 ? 4 : 2, block_values = size_t(head_size) * kKvBlockTokens;
  std::vector<uint8_t> keys(blocks * block_values * value_bytes, 0xff), values(keys);  // 0xff..: NaN in both types
  std::vector<std::vector<float>> key(last), value(last);
  std::vector<const void*> key_blocks, value_blocks;
  for (int64_t i = 0; i < blocks; ++i) {
    key_blocks.push_back(keys.data() + i * block_values * value_bytes);
    value_blocks.push_back(values.data() + i * block_values * value_bytes);
  }
  std::vector<float> queries(query_count * head_size);
  for (float& x : queries) x = Uniform(random) * 4;
  for (int64_t t = 0; t < last; ++t) {
    for (int d = 0; d < head_size; ++d) key[t].push_back(Uniform(random) * 2), value[t].push_back(Uniform(random));
    if (t < first) continue;
    set.store_kv(type, key[t].data(), value[t].data(), head_size, int(t % kKvBlockTokens),
                 const_cast<void*>(key_blocks[t / kKvBlockTokens]),
                 const_cast<void*>(value_blocks[t / kKvBlockTokens]));
    if (type == KvType::kF16) {
      for (float& x : key[t]) x = HalfToFloat(FloatToHalf(x));
      for (float& x : value[t]) x = HalfToFloat(FloatToHalf(x));
    }
  }
  const float scale = 1 / std::sqrt(float(head_size));
  const int64_t stride = (blocks - first / kKvBlockTokens) * kKvBlockTokens;
  std::vector<float> scores(query_count * stride + 1, kUnwritten);
  Outputs out(query_count * head_size + 1, kUnwritten);
  set.attend(type, queries.data(), query_count, head_size, scale, softcap, key_blocks.data(), value_blocks.data(),
             first, last, scores.data(), out.data());
  CHECK(scores.back() == kUnwritten && out.back() == kUnwritten);
  for (int h = 0; h < query_count; ++h) {
    std::vector<double> weight(last);
    double max = -INFINITY, sum = 0;
    for (int64_t t = first; t < last; ++t) {
      for (int d = 0; d < head_size; ++d) weight[t] += double(queries[h * head_size + d]) * key[t][d];
      weight[t] *= scale;
      if (softcap > 0) weight[t] = softcap * std::tanh(weight[t] / softcap);
      max = std::max(max, weight[t]);
    }
    for (int64_t t = first; t < last; ++t) sum += weight[t] = std::exp(weight[t] - max);
    for (int d = 0; d < head_size; ++d) {
      double expected = 0;
      for (int64_t t = first; t < last; ++t) expected += weight[t] / sum * value[t][d];
      CHECK(std::fabs(out[h * head_size + d] - expected) < 5e-6);
    }
  }
  return out;
}

void TestAttention(const std::vector<const KernelSet*>& sets) {
  Hash hash;
  for (const KvType type : {KvType::kF32, KvType::kF16}) {
    for (const int head_size : {8, 20, 64, 80, 128}) {
      for (const int query_count : {1, 2, 3, 4, 7}) {
        for (const auto& [first, last] : {std::pair{0, 1}, {0, 32}, {0, 33}, {31, 32}, {5, 90}, {64, 300}}) {
          for (const float softcap : {0.0f, 1.5f}) {
            CheckSame(
                "attend", sets,
                [&, first = first, last = last](const KernelSet& set) {
                  return RunAttention(set, type, head_size, query_count, softcap, first, last);
                },
                hash);
          }
        }
      }
    }
  }
  std::printf("attend     %016llx\n", (unsigned long long)hash.value);
}

}  // namespace

int main() {
  const std::vector<const KernelSet*> sets = AvailableKernels();
  std::printf("tables:   ");
  for (const KernelSet* set : sets) {
    std::printf(" %s", set->name);
    CHECK(FindKernels(set->name) == set);
  }
  std::printf("\n");
  CHECK(FindKernels("auto") == sets.front() && FindKernels("nonesuch") == nullptr);
  CHECK(std::string(sets.back()->name) == "reference");
  TestQuantize(sets);
  TestProducts(sets);
  TestGates(sets);
  TestSoftcap(sets);
  TestRmsNorm(sets);
  TestRotate(sets);
  TestAttention(sets);
  return 0;
}
