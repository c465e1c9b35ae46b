// Turns a row of floats, as safetensors store it, into a row as the chunk's kind stores it in a file. The one place where
// weights lose precision, so it says how much: what is lost is summed per tensor and ends in the weight cache's manifest.
//
// The same bits on every CPU: plain IEEE arithmetic in a fixed order (-ffp-contract=off).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/layout.h"

namespace flash_slim {

// How the model's file holds a tensor; of kBlocks see block_rows.h. The numbers cross the language boundary.
enum class SourceForm : uint8_t { kAsStored = 0, kF32 = 1, kF16 = 2, kBF16 = 3, kBlocks = 4 };

// Bytes of one row of floats, or as stored, in the file; 0 for any other number.
size_t SourceFormRowBytes(SourceForm form, WeightKind kind, int64_t columns);
// Whether such rows can become `kind`: always as stored; floats become F32 (exactly) and the kinds below.
bool CanConvert(SourceForm form, WeightKind kind);

struct ConversionError {
  double squared_error = 0;   // sum of (stored - original)^2
  double squared_values = 0;  // sum of original^2
  double max_error = 0;       // largest |stored - original|
  void Add(const ConversionError& other);
};

// `source` has SourceFormRowBytes at any alignment, `out` gets SourceRowBytes(kind, columns). Each block of 32 values takes
// the scale of least squared error among a few candidates. False where a value is no finite number, or too
// large for a half.
bool ConvertRow(SourceForm form, WeightKind kind, int64_t columns, const uint8_t* source, uint8_t* out,
                ConversionError* error);

}  // namespace flash_slim
