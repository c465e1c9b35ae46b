// Faults for tests, injected where they happen in life: between the reads and their completions.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/reader.h"

namespace flash_slim {

struct Fault {
  std::string kind;      // flip | short | eof | eio | delay
  uint64_t read = 0;     // the first read it strikes, counted over all reads of the slots
  uint64_t count = 1;    // how many reads from there
  uint64_t amount = 0;   // flip: byte; short: most bytes a read brings; delay: milliseconds
};

std::unique_ptr<Reader> MakeFaultyReader(std::unique_ptr<Reader> reader, std::vector<Fault> faults);

}  // namespace flash_slim
