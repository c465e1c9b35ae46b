// Sine, cosine, exponential and logarithm of doubles, made of operations that IEEE 754 rounds in one way only, so that every
// CPU and every C library gives the same bits. (glibc's own differ in the last bit between x86-64 with FMA, without it, and
// ARM64, and an int8 rounding makes a visible difference of that.) Within 2^-51 of the result, which is far more than the
// floats made of it hold; not for hot loops, whose exponential is in kernels/elementwise.h.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace flash_slim::elementary {

// Added to a double below 2^51 it leaves the nearest integer in the low bits of the sum.
constexpr double kRounder = 0x1.8p52;

struct SineCosine {
  double sine, cosine;
};

// angle = n pi/2 + r, |r| <= pi/4, with pi/2 in three parts: for |n| < 2^27 the products with the first two are exact.
inline SineCosine SinCos(double angle) {
  constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
  constexpr double kHigh = 0x1.921fb5p+0, kMiddle = 0x1.110b46p-26, kLow = 0x1.1a62633145c07p-54;
  // Beyond any context; fmod is exact, and so the same everywhere.
  if (std::fabs(angle) >= 0x1p27) angle = std::fmod(angle, 0x1.921fb54442d18p+2);
  const double shifted = angle * kTwoOverPi + kRounder;
  const double n = shifted - kRounder;
  const double r = angle - n * kHigh - n * kMiddle - n * kLow, square = r * r;
  // Taylor to r^17 and r^16: truncation below 2^-60.
  double sine = 1 / 355687428096000.0, cosine = 1 / 20922789888000.0;
  for (double c : {-1 / 1307674368000.0, 1 / 6227020800.0, -1 / 39916800.0, 1 / 362880.0, -1 / 5040.0, 1 / 120.0,
                   -1 / 6.0})
    sine = sine * square + c;
  for (double c : {-1 / 87178291200.0, 1 / 479001600.0, -1 / 3628800.0, 1 / 40320.0, -1 / 720.0, 1 / 24.0, -0.5, 1.0})
    cosine = cosine * square + c;
  sine = r + r * square * sine;
  const uint64_t quadrant = std::bit_cast<uint64_t>(shifted) & 3;
  const double s = quadrant & 1 ? cosine : sine, c = quadrant & 1 ? sine : cosine;
  return {quadrant & 2 ? -s : s, quadrant == 1 || quadrant == 2 ? -c : c};
}

// x = n ln 2 + r, |r| <= ln 2 / 2; Taylor to r^13. ldexp is exact but for subnormal results, which it rounds once.
inline double Exp(double x) {
  constexpr double kLog2E = 0x1.71547652b82fep+0, kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
  if (x < -800) return 0;
  if (x > 800) x = 800;
  const double shifted = x * kLog2E + kRounder;
  const double n = shifted - kRounder;
  const double r = x - n * kLn2High - n * kLn2Low;
  double e = 1 / 6227020800.0;
  for (double c : {1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0, 1 / 362880.0, 1 / 40320.0, 1 / 5040.0, 1 / 720.0,
                   1 / 120.0, 1 / 24.0, 1 / 6.0, 0.5, 1.0, 1.0})
    e = e * r + c;
  return std::ldexp(e, int32_t(uint32_t(std::bit_cast<uint64_t>(shifted))));
}

// Of a positive, finite x = 2^n m, sqrt(1/2) <= m < sqrt(2): ln m = 2 artanh s with s = (m - 1) / (m + 1), to s^23.
inline double Log(double x) {
  constexpr double kLn2High = 0x1.62e42feep-1, kLn2Low = 0x1.a39ef35793c76p-33;
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0x1.6a09e667f3bcdp-1) m *= 2, exponent--;
  const double s = (m - 1) / (m + 1), square = s * s;
  double sum = 1 / 23.0;
  for (double c : {1 / 21.0, 1 / 19.0, 1 / 17.0, 1 / 15.0, 1 / 13.0, 1 / 11.0, 1 / 9.0, 1 / 7.0, 1 / 5.0, 1 / 3.0})
    sum = sum * square + c;
  return exponent * kLn2High + (2 * s + (2 * s * square * sum + exponent * kLn2Low));
}

}  // namespace flash_slim::elementary
