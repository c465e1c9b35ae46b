// Rows put together from quants, scales and zero points apart: each value is what MatMulNBits says it is.
#include "cache/block_rows.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/half.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

void CheckRow(WeightKind kind, BlockRows rows, int64_t columns) {
  CHECK(rows.FitsKind(kind, columns));
  std::mt19937 random(unsigned(kind) * 100 + unsigned(rows.block_size + columns));
  std::vector<uint8_t> quants(rows.QuantRowBytes(columns)), zeros(rows.ZeroPointRowBytes(columns));
  for (uint8_t& byte : quants) byte = uint8_t(random());
  for (uint8_t& byte : zeros) byte = uint8_t(random());
  std::vector<float> scale_values;
  std::vector<uint8_t> scales(rows.ScaleRowBytes(columns));
  for (int64_t b = 0; b < rows.BlocksOf(columns); ++b) {
    float scale = float(int(random() % 2001) - 1000) / 7777;
    const uint16_t half = FloatToHalf(scale);
    if (rows.half_scales) {
      scale = HalfToFloat(half);
      std::memcpy(&scales[2 * size_t(b)], &half, 2);
    } else {
      std::memcpy(&scales[4 * size_t(b)], &scale, 4);
    }
    scale_values.push_back(scale);
  }
  std::vector<uint8_t> row(SourceRowBytes(kind, columns)), block(RowBlockBytes(kind, columns));
  CHECK(rows.Join(kind, columns, quants.data(), scales.data(), rows.has_zero_points ? zeros.data() : nullptr, row.data()));
  PackRowBlock(kind, columns, row.data(), row.size(), 1, block.data());
  std::vector<float> values(columns);
  DequantizeRow(kind, columns, block.data(), 0, values.data());
  for (int64_t k = 0; k < columns; ++k) {
    const int64_t b = k / rows.block_size;
    int quant = quants[size_t(k)* rows.bits / 8], zero = 1 << (rows.bits - 1);
    if (rows.bits == 4) quant = quant >> (k % 2 * 4) & 15;
    if (rows.has_zero_points) zero = rows.bits == 8 ? zeros[b] : zeros[b / 2] >> (b % 2 * 4) & 15;
    CHECK(values[k] == float(quant - zero) * scale_values[b]);
  }
}

void TestValues() {
  for (const int64_t block_size : {32, 64, 128}) {
    for (const int64_t columns : {128, 96, 2048}) {
      CheckRow(WeightKind::kQ4_N, {4, block_size, false, false}, columns);
      CheckRow(WeightKind::kQ4_N, {4, block_size, true, false}, columns);
      CheckRow(WeightKind::kQ4_NZ, {4, block_size, false, true}, columns);
      CheckRow(WeightKind::kQ4_NZ, {4, block_size, true, true}, columns);
      CheckRow(WeightKind::kQ8_N, {8, block_size, false, false}, columns);
      CheckRow(WeightKind::kQ8_NZ, {8, block_size, false, true}, columns);
      CheckRow(WeightKind::kQ8_NZ, {8, block_size, true, true}, columns);
      CheckRow(WeightKind::kQ4_0, {4, block_size, true, false}, columns);
      CheckRow(WeightKind::kQ8_0, {8, block_size, true, false}, columns);
    }
  }
}

void TestRefusals() {
  const auto fits = [](WeightKind kind, BlockRows rows, int64_t columns = 64) { return rows.FitsKind(kind, columns); };
  CHECK(!fits(WeightKind::kQ4_0, {4, 32, false, false}));  // scales of f32 do not fit halves
  CHECK(!fits(WeightKind::kQ4_0, {4, 32, true, true}));
  CHECK(!fits(WeightKind::kQ4_N, {4, 32, false, true}));
  CHECK(!fits(WeightKind::kQ4_NZ, {4, 32, false, false}));
  CHECK(!fits(WeightKind::kQ8_N, {4, 32, false, false}));
  CHECK(!fits(WeightKind::kQ4_N, {4, 16, false, false}));
  CHECK(!fits(WeightKind::kQ4_N, {4, 48, false, false}));
  CHECK(!fits(WeightKind::kQ4_N, {4, int64_t(1) << 40, false, false}));
  CHECK(!fits(WeightKind::kQ4_N, {0, 0, false, false}));
  CHECK(!fits(WeightKind::kQ4_N, {4, 32, false, false}, 40));
  CHECK(!fits(WeightKind::kF32, {4, 32, false, false}));
  const BlockRows rows{4, 32, false, false};
  const std::vector<uint8_t> quants(16), infinite = {0, 0, 0x80, 0x7f};
  std::vector<uint8_t> row(SourceRowBytes(WeightKind::kQ4_N, 32));
  CHECK(!rows.Join(WeightKind::kQ4_N, 32, quants.data(), infinite.data(), nullptr, row.data()));
}

}  // namespace

int main() {
  TestValues();
  TestRefusals();
  return 0;
}
