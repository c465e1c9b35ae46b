// AVX-512 VNNI: dpbusd multiplies four unsigned with four signed bytes and adds them to a 32-bit lane, exactly. Weights
// are made unsigned, and bias takes the zero point's share out again. Two row blocks fill a 512-bit register; its eight
// broadcasts of activations serve 16 rows. Compiled with -mavx512{f,vl,bw,vnni} besides AVX2's flags.
#include "kernels/attend.h"
#include "kernels/elementwise.h"
#include "kernels/matmul_float.h"
#include "kernels/matmul_int8.h"
#include "kernels/rows_avx512.h"
#include "kernels/tables.h"

namespace flash_slim {
namespace {

// As BlockHead, for one or two row blocks.
template <WeightKind kKind, int kRowBlocks>
struct Head {
  using R = Rows<kRowBlocks>;
  Head(const uint8_t* block, size_t next) : block(block), next(next) {}
  auto Scale(int) const {
    if constexpr (ShapeOf(kKind).floats)
      return R::LoadFloats(block, next);
    else
      return R::LoadHalves(block, next);
  }
  auto Minimum(int) const { return HasMinimum(kKind) ? R::LoadHalves(block + 16, next) : R::Broadcast(0.0f); }

  const uint8_t* block;
  size_t next;
};
template <WeightKind kKind, int kRowBlocks>
requires(ShapeOf(kKind).scale_bytes == 12) struct Head<kKind, kRowBlocks> {
  using R = Rows<kRowBlocks>;
  Head(const uint8_t* block, size_t next)
      : scale(R::LoadHalves(block, next)), minimum(R::Multiply(R::Broadcast(-1.0f), R::LoadHalves(block + 16, next))) {
    for (int i = 0; i < kRowBlocks; ++i) sub[i].Unpack(block + 32 + i * next);
  }
  auto Scale(int s) const { return Times(scale, &sub[0].scale[s]); }
  auto Minimum(int s) const { return Times(minimum, &sub[0].minimum[s]); }
  static auto Times(typename R::Float a, const uint64_t* bytes) {
    return R::Multiply(a, R::ToFloat(R::Widen(R::LoadBytes8(bytes, sizeof(SubScales)))));
  }

  typename R::Float scale, minimum;
  SubScales sub[kRowBlocks];
};

template <WeightKind kKind, int kRowBlocks>
requires(HasZeroPoints(kKind)) struct Head<kKind, kRowBlocks> {
  using R = Rows<kRowBlocks>;
  Head(const uint8_t* block, size_t next) : block(block), next(next) {}
  auto Scale(int) const { return R::LoadFloats(block, next); }
  auto Minimum(int) const {
    return R::Multiply(R::Multiply(R::Broadcast(-1.0f), Scale(0)),
                       R::ToFloat(R::WidenSigned(R::LoadBytes8(block + 32, next))));
  }

  const uint8_t* block;
  size_t next;
};

struct Avx512Vnni {
  static constexpr int kTileTokens = 8;  // 16 fit the 32 registers too, and are slower
  static constexpr int kTileRowBlocks = 2;
  static constexpr int ZeroPoint(WeightKind kind) { return ShapeOf(kind).bits == 8 ? 128 : ShapeOf(kind).zero_point; }

  // Unsigned, one step to a register.
  template <WeightKind kKind, class R>
  static void LoadQuants(const uint8_t* quants, size_t next, typename R::Int (&q)[8]) {
    constexpr int kBits = ShapeOf(kKind).bits;
    if constexpr (kBits == 8) {
      for (int i = 0; i < 8; ++i) q[i] = R::FlipSigns(R::LoadBytes(quants + 32 * i, next));
      return;
    }
    for (int i = 0; i < 4; ++i) {
      const auto steps = R::LoadBytes(quants + 32 * i, next);
      q[2 * i] = R::LowNibbles(steps);
      q[2 * i + 1] = R::HighNibbles(steps);
    }
    if constexpr (kBits == 5) {
      const auto high = R::LoadBytes(quants + 128, next);
      q[0] = R::OrMasked(q[0], R::template ShiftLeft<4>(high), 16);
      q[1] = R::OrMasked(q[1], R::template ShiftLeft<3>(high), 16);
      q[2] = R::OrMasked(q[2], R::template ShiftLeft<2>(high), 16);
      q[3] = R::OrMasked(q[3], R::template ShiftLeft<1>(high), 16);
      q[4] = R::OrMasked(q[4], high, 16);
      q[5] = R::OrMasked(q[5], R::template ShiftRight<1>(high), 16);
      q[6] = R::OrMasked(q[6], R::template ShiftRight<2>(high), 16);
      q[7] = R::OrMasked(q[7], R::template ShiftRight<3>(high), 16);
    } else if constexpr (kBits == 6) {
      for (int i = 0; i < 8; i += 4) {
        const auto high = R::LoadBytes(quants + 128 + 8 * i, next);
        q[i] = R::OrMasked(q[i], R::template ShiftLeft<4>(high), 48);
        q[i + 1] = R::OrMasked(q[i + 1], R::template ShiftLeft<2>(high), 48);
        q[i + 2] = R::OrMasked(q[i + 2], high, 48);
        q[i + 3] = R::OrMasked(q[i + 3], R::template ShiftRight<2>(high), 48);
      }
    }
  }

  // Steps [first, end).
  template <class R>
  static auto Dot(typename R::Int dot, const typename R::Int (&q)[8], const int8_t* x, int first, int end) {
    for (int i = first; i < end; ++i) {
      int32_t step;
      std::memcpy(&step, x + 4 * i, 4);
      dot = R::Dot(dot, q[i], R::Broadcast(step));
    }
    return dot;
  }

  template <WeightKind kKind, int kRowBlocks, int kTokens>
  static void MultiplyTile(const TileWeights& weights, const TileBlock<kTokens>* x, bool first, float* y, size_t ldy) {
    using R = Rows<kRowBlocks>;
    const size_t next = weights.row_block_bytes;
    typename R::Float sum[kTokens];
    for (int t = 0; t < kTokens; ++t) sum[t] = first ? R::Broadcast(0.0f) : R::Load(y + t * ldy);
    const uint8_t* w = weights.data;
    for (const auto* end = x + weights.blocks; x != end; w += BlockBytes(kKind)) {
      const Head<kKind, kRowBlocks> head(w, next);
      const uint8_t* quants = w + HeadBytes(kKind);
      for (int s = 0; s < ShapeOf(kKind).values / kBlockValues; ++s, ++x, quants += QuantBytes(kKind)) {
        if constexpr (kRowBlocks > 1) PrefetchNext<kKind, kRowBlocks>(weights, w, s);
        typename R::Int q[8];
        LoadQuants<kKind, R>(quants, next, q);
        const auto scale = head.Scale(s), minimum = head.Minimum(s);
        for (int t = 0; t < kTokens; ++t) {
          auto dot = R::Broadcast(x->bias[t]);
          if constexpr (kKind == WeightKind::kQ6_K) {
            const uint8_t* scales = w + 16 + 16 * s;
            const auto a = R::WidenSigned(R::LoadBytes8(scales, next));
            const auto b = R::WidenSigned(R::LoadBytes8(scales + 8, next));
            const auto zero = R::Broadcast(0);
            dot =
                R::DotPairs(R::Multiply(Dot<R>(zero, q, x->q[t], 0, 4), a), R::Pairs(R::Add(a, a), R::Add(b, b)), dot);
            dot = R::Add(dot, R::Multiply(Dot<R>(zero, q, x->q[t], 4, 8), b));
          } else {
            dot = Dot<R>(dot, q, x->q[t], 0, 8);
          }
          sum[t] = R::Fma(R::ToFloat(dot), R::Multiply(scale, R::Broadcast(x->scale[t])), sum[t]);
          if constexpr (HasMinimum(kKind)) sum[t] = R::Fma(minimum, R::Broadcast(x->scaled_sum[t]), sum[t]);
        }
      }
    }
    for (int t = 0; t < kTokens; ++t) R::Store(y + t * ldy, sum[t]);
  }
};

}  // namespace

const KernelSet kAvx512VnniKernels = {
    "avx512vnni", Quantize, Matmul<Avx512Vnni>, MatmulFloat, SiluMul, GeluMul, Softcap, RmsNorm, Rotate,
    StoreKv,      Attend};

}  // namespace flash_slim
