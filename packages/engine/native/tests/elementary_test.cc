// Against the C library to within its own error, and bit by bit against what every machine has to give.
#include "elementary.h"

#include <cstring>
#include <limits>
#include <random>

#include "tests/check.h"

namespace flash_slim {
namespace {

constexpr uint64_t kExpected = 0x1ad49aeb330df46b;

class Hash {
 public:
  void Add(double x) {
    uint64_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    for (int i = 0; i < 64; i += 8) value_ = (value_ ^ (bits >> i & 255)) * 0x100000001b3;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

// [0, 1), the same on every machine: distributions of the library need not be.
double Uniform(std::mt19937_64& random) { return double(random() >> 11) * 0x1p-53; }

bool Near(double value, double expected, double unit) { return std::fabs(value - expected) <= 0x1p-51 * unit; }

void TestSinCos(Hash* hash) {
  std::mt19937_64 random(1);
  const auto check = [&](double angle) {
    const auto [sine, cosine] = elementary::SinCos(angle);
    CHECK(Near(sine, std::sin(angle), 1));
    CHECK(Near(cosine, std::cos(angle), 1));
    hash->Add(sine);
    hash->Add(cosine);
  };
  for (double most : {1.0, 10.0, 4096.0, 1048576.0, 134217727.0})
    for (int i = 0; i < 20000; i++) check((Uniform(random) * 2 - 1) * most);
  for (int n = -1000; n <= 1000; n++) check(n * 0x1.921fb54442d18p-1);
  // As attention asks: a position times a float's value.
  for (int64_t position : {int64_t(1), int64_t(8191), int64_t(131071), int64_t(10'000'000)})
    for (int i = 0; i < 64; i++) check(double(position) * double(1 / float(1 + i * i)));
  const auto zero = elementary::SinCos(0);
  CHECK(zero.sine == 0 && zero.cosine == 1);
  for (double angle : {0x1p27, 1e30, -1e300}) {
    const auto [sine, cosine] = elementary::SinCos(angle);
    CHECK(Near(sine * sine + cosine * cosine, 1, 4));
    hash->Add(sine);
  }
  CHECK(std::isnan(elementary::SinCos(std::numeric_limits<double>::infinity()).sine));
}

void TestExp(Hash* hash) {
  std::mt19937_64 random(2);
  for (double most : {1.0, 30.0, 700.0})
    for (int i = 0; i < 20000; i++) {
      const double x = (Uniform(random) * 2 - 1) * most, value = elementary::Exp(x);
      CHECK(Near(value, std::exp(x), std::exp(x)));
      hash->Add(value);
    }
  CHECK(elementary::Exp(0) == 1);
  CHECK(std::isinf(elementary::Exp(1e300)) && elementary::Exp(-1e300) == 0);
  CHECK(elementary::Exp(-std::numeric_limits<double>::infinity()) == 0);
  CHECK(std::isnan(elementary::Exp(std::numeric_limits<double>::quiet_NaN())));
  CHECK(std::fabs(elementary::Exp(-740) - std::exp(-740.0)) <= 2 * std::numeric_limits<double>::denorm_min());
}

void TestLog(Hash* hash) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 60000; i++) {
    const double mantissa = 1 + Uniform(random);
    const double x = std::ldexp(mantissa, int(random() % 200) - 100), value = elementary::Log(x);
    CHECK(Near(value, std::log(x), std::fmax(1, std::fabs(std::log(x)))));
    hash->Add(value);
  }
  CHECK(elementary::Log(1) == 0);
}

}  // namespace
}  // namespace flash_slim

int main() {
  flash_slim::Hash hash;
  flash_slim::TestSinCos(&hash);
  flash_slim::TestExp(&hash);
  flash_slim::TestLog(&hash);
  std::printf("elementary %016llx\n", static_cast<unsigned long long>(hash.value()));
  CHECK(hash.value() == flash_slim::kExpected);
}
