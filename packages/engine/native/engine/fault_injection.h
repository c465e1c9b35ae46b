// Faults for tests, injected where they happen in life: between the reads and their completions.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/reader.h"

namespace flash_slim {

struct Fault {
  std::string kind;        // flip | short | eof | eio | delay
  uint64_t read = 0;       // the first read it strikes, counted over those that it looks at
  uint64_t count = 1;      // how many reads from there
  uint64_t amount = 0;     // flip: which byte; short: most bytes a read brings; delay: milliseconds
  bool residents = false;  // strikes the reads of residents while loading, else those of the slots
  // It looks at reads that hold all of these bytes of the file (neighbours share pages: take more than one), or, where
  // the range is empty, at every read.
  uint64_t begin = 0, end = 0;
};

std::unique_ptr<Reader> MakeFaultyReader(std::unique_ptr<Reader> reader, const std::vector<Fault>& faults);

}  // namespace flash_slim
