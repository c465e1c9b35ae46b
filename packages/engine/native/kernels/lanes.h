// Eight float lanes and eight int32 lanes, thin over what the instruction set offers, so that every algorithm that is
// not an int8 hot loop is written once (elementwise.h, attend.h, matmul_float.h) and gives the same bits everywhere.
//
// Everything here and in the files that use it has internal linkage on purpose: each instruction set compiles its own
// copy, and the linker must not let a baseline CPU run another's.
#pragma once
#if defined(FLASH_SLIM_SCALAR_LANES)
#include "kernels/lanes_scalar.h"
#elif defined(__AVX2__)
#include "kernels/lanes_avx2.h"
#elif defined(__ARM_NEON)
#include "kernels/lanes_neon.h"
#else
#error "no lanes for this instruction set"
#endif
