// The layout is lossless: what goes in comes out, bit for bit; and its values are the model file's.
#include "kernels/layout.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/half.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

// The file's own block format, read from its specification, one value at a time.
float SourceValue(WeightKind kind, const uint8_t* row, int64_t k) {
  const uint8_t* block = row + k / 32 * (BlockBytes(kind) / 8);
  const int i = k % 32;
  const auto half = [](const uint8_t* p) { return HalfToFloat(uint16_t(p[0] | p[1] << 8)); };
  float value;
  switch (kind) {
    case WeightKind::kF32:
      std::memcpy(&value, block + 4 * i, 4);
      return value;
    case WeightKind::kF16:
      return half(block + 2 * i);
    case WeightKind::kQ8_0:
      return half(block) * float(int8_t(block[2 + i]));
    case WeightKind::kQ4_0:
      return half(block) * float((i < 16 ? block[2 + i] & 15 : block[2 + i - 16] >> 4) - 8);
    case WeightKind::kQ4_1:
      return std::fma(half(block), float(i < 16 ? block[4 + i] & 15 : block[4 + i - 16] >> 4), half(block + 2));
  }
  return NAN;
}

bool SameBits(float a, float b) { return std::memcmp(&a, &b, 4) == 0 || (std::isnan(a) && std::isnan(b)); }

void CheckKind(WeightKind kind, int64_t columns, int row_count) {
  std::mt19937 random(unsigned(kind) * 1000 + unsigned(columns) + unsigned(row_count));
  const size_t row_bytes = SourceRowBytes(kind, columns), stride = row_bytes + 13;
  std::vector<uint8_t> rows(stride * row_count), packed(RowBlockBytes(kind, columns) + 1, 0xa5), back(row_bytes);
  for (uint8_t& byte : rows) byte = uint8_t(random());
  PackRowBlock(kind, columns, rows.data(), stride, row_count, packed.data());
  CHECK(packed.back() == 0xa5);
  std::vector<float> values(columns);
  for (int row = 0; row < 8; ++row) {
    UnpackRow(kind, columns, packed.data(), row, back.data());
    DequantizeRow(kind, columns, packed.data(), row, values.data());
    if (row >= row_count) {
      for (uint8_t byte : back) CHECK(byte == 0);
      continue;
    }
    const uint8_t* source = rows.data() + row * stride;
    CHECK(std::memcmp(back.data(), source, row_bytes) == 0);
    for (int64_t k = 0; k < columns; ++k) CHECK(SameBits(values[k], SourceValue(kind, source, k)));
  }
}

// Every half there is, against arithmetic in double; and back, with the numbers half way between two halves.
void CheckHalf() {
  for (uint32_t h = 0; h < 65536; ++h) {
    const int exponent = h >> 10 & 31, mantissa = h & 1023;
    if (exponent == 31) {
      CHECK(mantissa ? std::isnan(HalfToFloat(h)) : std::isinf(HalfToFloat(h)));
      continue;
    }
    const double magnitude = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(double(mantissa), -24);
    CHECK(HalfToFloat(h) == (h & 0x8000 ? -magnitude : magnitude));
    CHECK(FloatToHalf(HalfToFloat(h)) == h);
    if ((h & 0x7fff) == 0x7bff) continue;
    const float next = HalfToFloat(h + 1), middle = (HalfToFloat(h) + next) / 2;
    CHECK(FloatToHalf(middle) == (h & 1 ? h + 1 : h));
    CHECK(FloatToHalf(std::nextafter(middle, next)) == h + 1);
    CHECK(FloatToHalf(std::nextafter(middle, HalfToFloat(h))) == h);
  }
  CHECK(FloatToHalf(65519.996f) == 0x7bff && FloatToHalf(65520) == 0x7c00 && FloatToHalf(-1e30f) == 0xfc00);
  CHECK(FloatToHalf(0x1p-25f) == 0 && FloatToHalf(0x1.000002p-25f) == 1 && FloatToHalf(-0.0f) == 0x8000);
  CHECK(std::isnan(HalfToFloat(FloatToHalf(NAN))));
}

}  // namespace

int main() {
  CheckHalf();
  for (WeightKind kind :
       {WeightKind::kF32, WeightKind::kF16, WeightKind::kQ8_0, WeightKind::kQ4_0, WeightKind::kQ4_1}) {
    for (int64_t columns : {32, 64, 576, 2048}) {
      for (int rows : {1, 3, 8}) CheckKind(kind, columns, rows);
    }
  }
  CHECK(BlockBytes(WeightKind(200)) == 0);
  return 0;
}
