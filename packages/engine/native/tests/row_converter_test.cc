// Rows of floats become rows of the weight kinds: held against what DequantizeRow makes of them.
#include "cache/row_converter.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/half.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

constexpr int64_t kColumns = 1024;

std::vector<float> Gaussian(int seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> values(kColumns);
  for (float& value : values) value = normal(random);
  return values;
}

std::vector<uint8_t> Encode(SourceForm form, const std::vector<float>& values) {
  std::vector<uint8_t> bytes(SourceFormRowBytes(form, WeightKind::kF32, int64_t(values.size())));
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t half = FloatToHalf(values[i]), brain = uint16_t(std::bit_cast<uint32_t>(values[i]) >> 16);
    if (form == SourceForm::kF32) std::memcpy(&bytes[4 * i], &values[i], 4);
    if (form == SourceForm::kF16) std::memcpy(&bytes[2 * i], &half, 2);
    if (form == SourceForm::kBF16) std::memcpy(&bytes[2 * i], &brain, 2);
  }
  return bytes;
}

// What the engine will see of a converted row.
std::vector<float> Expand(WeightKind kind, const std::vector<uint8_t>& row) {
  std::vector<uint8_t> block(RowBlockBytes(kind, kColumns));
  PackRowBlock(kind, kColumns, row.data(), row.size(), 1, block.data());
  std::vector<float> values(kColumns);
  DequantizeRow(kind, kColumns, block.data(), 0, values.data());
  return values;
}

double RelativeError(SourceForm form, WeightKind kind, const std::vector<float>& original) {
  // One byte in front: rows in a file lie at any address.
  std::vector<uint8_t> source = Encode(form, original), out(SourceRowBytes(kind, kColumns));
  source.insert(source.begin(), 0);
  ConversionError error;
  CHECK(ConvertRow(form, kind, kColumns, source.data() + 1, out.data(), &error));
  const std::vector<float> read = Expand(kind, out);
  double squared = 0, values = 0, most = 0;
  for (int64_t i = 0; i < kColumns; ++i) {
    uint16_t half;
    std::memcpy(&half, &source[1 + 2 * size_t(i)], 2);
    const float stored = form == SourceForm::kF32   ? original[i]
                         : form == SourceForm::kF16 ? HalfToFloat(half)
                                                    : std::bit_cast<float>(uint32_t(half) << 16);
    const double lost = std::abs(double(read[i]) - double(stored));
    squared += lost * lost, values += double(stored) * stored, most = std::max(most, lost);
  }
  if (kind == WeightKind::kF32) {
    CHECK(squared == 0);
    return 0;
  }
  // The reported loss is the engine's; a float holds minimum + scale * quant to 2^-24 of its size.
  CHECK(std::abs(std::sqrt(error.squared_error) - std::sqrt(squared)) < 1e-5 * std::sqrt(squared) + 1e-9);
  CHECK(std::abs(error.squared_values - values) < 1e-9 * values);
  CHECK(std::abs(error.max_error - most) < 1e-6);
  return std::sqrt(squared / values);
}

void TestErrors() {
  for (const SourceForm form : {SourceForm::kF32, SourceForm::kF16, SourceForm::kBF16}) {
    for (int seed = 0; seed < 20; ++seed) {
      const std::vector<float> row = Gaussian(seed);
      RelativeError(form, WeightKind::kF32, row);
      // For normal weights: 8 bits about 0.6%, 4 bits about 8 and 7%.
      CHECK(RelativeError(form, WeightKind::kQ8_0, row) < 0.007);
      CHECK(RelativeError(form, WeightKind::kQ4_0, row) < 0.09);
      CHECK(RelativeError(form, WeightKind::kQ4_1, row) < 0.08);
    }
  }
}

// Values that a kind can hold come back as they were.
void TestExact() {
  std::vector<float> row(kColumns);
  for (int64_t i = 0; i < kColumns; ++i) row[i] = float(i % 16 - 8) * 0.25f;
  CHECK(RelativeError(SourceForm::kF32, WeightKind::kQ4_0, row) == 0);
  for (int64_t i = 0; i < kColumns; ++i) row[i] = float(i % 16) * 0.25f + 3;
  CHECK(RelativeError(SourceForm::kBF16, WeightKind::kQ4_1, row) == 0);
  for (int64_t i = 0; i < kColumns; ++i) row[i] = i % 32 == 0 ? -127 : float(i % 32);
  CHECK(RelativeError(SourceForm::kF16, WeightKind::kQ8_0, row) == 0);
}

void TestEdges() {
  const auto converts = [](WeightKind kind, float value) {
    std::vector<float> row(kColumns);
    row[700] = value;
    std::vector<uint8_t> out(SourceRowBytes(kind, kColumns));
    ConversionError error;
    const std::vector<uint8_t> source = Encode(SourceForm::kF32, row);
    if (!ConvertRow(SourceForm::kF32, kind, kColumns, source.data(), out.data(), &error)) return false;
    for (const float read : Expand(kind, out)) CHECK(std::isfinite(read));
    return true;
  };
  for (const WeightKind kind : {WeightKind::kF32, WeightKind::kQ8_0, WeightKind::kQ4_0, WeightKind::kQ4_1}) {
    CHECK(!converts(kind, NAN));
    CHECK(!converts(kind, INFINITY));
    CHECK(!converts(kind, -INFINITY));
    for (const float fine : {0.0f, -0.0f, 1e-40f, -1e-7f, 6e-8f, 1e-5f, 60000.0f, -60000.0f}) CHECK(converts(kind, fine));
  }
  CHECK(!CanConvert(SourceForm::kF32, WeightKind::kF16));
  CHECK(SourceFormRowBytes(SourceForm(77), WeightKind::kF32, 32) == 0);
}

}  // namespace

int main() {
  TestErrors();
  TestExact();
  TestEdges();
  return 0;
}
