// From a kind known at run time to code compiled for it.
#pragma once
#include "kernels/layout.h"

namespace flash_slim {
namespace {

// function.operator()<kind>() for the kind at hand.
template <class Function>
void WithKind(WeightKind kind, Function function) {
  switch (kind) {
    case WeightKind::kF32:
      return function.template operator()<WeightKind::kF32>();
    case WeightKind::kF16:
      return function.template operator()<WeightKind::kF16>();
    case WeightKind::kBF16:
      return function.template operator()<WeightKind::kBF16>();
    case WeightKind::kQ8_0:
      return function.template operator()<WeightKind::kQ8_0>();
    case WeightKind::kQ4_0:
      return function.template operator()<WeightKind::kQ4_0>();
    case WeightKind::kQ4_1:
      return function.template operator()<WeightKind::kQ4_1>();
    case WeightKind::kQ5_0:
      return function.template operator()<WeightKind::kQ5_0>();
    case WeightKind::kQ5_1:
      return function.template operator()<WeightKind::kQ5_1>();
    case WeightKind::kQ4_K:
      return function.template operator()<WeightKind::kQ4_K>();
    case WeightKind::kQ5_K:
      return function.template operator()<WeightKind::kQ5_K>();
    case WeightKind::kQ6_K:
      return function.template operator()<WeightKind::kQ6_K>();
    case WeightKind::kQ4_N:
      return function.template operator()<WeightKind::kQ4_N>();
    case WeightKind::kQ4_NZ:
      return function.template operator()<WeightKind::kQ4_NZ>();
    case WeightKind::kQ8_N:
      return function.template operator()<WeightKind::kQ8_N>();
    case WeightKind::kQ8_NZ:
      return function.template operator()<WeightKind::kQ8_NZ>();
  }
}

}  // namespace
}  // namespace flash_slim
