// Covers a count by tiles of compile-time sizes, whose sums the compiler then keeps in registers.
#pragma once

namespace flash_slim {
namespace {

// Calls function.operator()<size>(first) for tiles of kLargest, then half as many, ... that cover [first, count).
template <int kLargest, class Function>
void ForEachTile(int first, int count, Function function) {
  for (; first + kLargest <= count; first += kLargest) function.template operator()<kLargest>(first);
  if constexpr (kLargest > 1) ForEachTile<kLargest / 2>(first, count, function);
}

}  // namespace
}  // namespace flash_slim
