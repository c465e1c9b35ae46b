// The layout is lossless: what goes in comes out, bit for bit; and its values are the model file's.
#include "kernels/layout.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/half.h"
#include "tests/check.h"
#include "tests/source_value.h"

using namespace flash_slim;

namespace {

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
  for (WeightKind kind : kAllKinds) {
    for (int64_t columns : {32, 64, 576, 2048, 256, 768}) {
      if (columns % ShapeOf(kind).values != 0) continue;
      for (int rows : {1, 3, 8}) CheckKind(kind, columns, rows);
    }
  }
  CHECK(!IsKnown(WeightKind(200)) && !IsKnown(WeightKind(15)));
  return 0;
}
