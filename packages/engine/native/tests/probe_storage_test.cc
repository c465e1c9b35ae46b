#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/uring.h"
#include "error.h"
#include "probe/storage_probe.h"
#include "tests/check.h"

using namespace flash_slim;
namespace fs = std::filesystem;

namespace {

template <class Action>
std::string CodeOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return "none";
}

}  // namespace

int main() {
  const char* base = std::getenv("TMPDIR");
  std::string directory = std::string(base ? base : ".") + "/probe_storage_test.XXXXXX";
  CHECK(mkdtemp(directory.data()) != nullptr);

  {
    const auto probe = StorageProbe::CreateIn(directory);
    CHECK(fs::is_empty(directory));  // nothing to leave behind
    CHECK(CodeOf([&] { probe->Measure({1 << 20, 2, false, "pread", 0.01}); }) == "INVALID_ARGUMENT");  // empty
    probe->Append(5 << 20);
    CHECK(probe->size() == 6 << 20);  // whole pieces of 2 MB
    const bool uring = Uring().Open(8);
    for (const char* reader : {"pread", "io_uring"}) {
      if (!uring && std::string(reader) == "io_uring") continue;
      for (bool huge_pages : {false, true}) {
        for (unsigned depth : {1u, 4u, 16u}) {
          const double rate = probe->Measure({256 << 10, depth, huge_pages, reader, 0.01});
          CHECK(rate > 1e5 && rate < 1e12);
        }
      }
    }
    // A block that does not divide the file is read without touching its end.
    CHECK(probe->Measure({4 << 20, 2, true, "pread", 0.01}) > 0);
    const double latency = probe->LatencyMs(4096, 0.01);
    CHECK(latency > 0 && latency < 5000);
    for (size_t block : {size_t(0), size_t(1000), size_t(8) << 20})
      CHECK(CodeOf([&] { probe->Measure({block, 1, false, "pread", 0.01}); }) == "INVALID_ARGUMENT");
    CHECK(CodeOf([&] { probe->Measure({4096, 0, false, "pread", 0.01}); }) == "INVALID_ARGUMENT");
    CHECK(CodeOf([&] { probe->Measure({1 << 20, 100000, false, "pread", 0.01}); }) == "INVALID_ARGUMENT");
    CHECK(fs::is_empty(directory));
  }

  // An existing file is read and left alone; one that shrinks under the measurement is an error, not a number.
  const std::string path = directory + "/file";
  std::ofstream(path) << std::string(1 << 20, 'x');
  const auto existing = StorageProbe::Open(path);
  CHECK(existing->size() == 1 << 20 && existing->Measure({256 << 10, 2, false, "pread", 0.01}) > 0);
  CHECK(CodeOf([&] { existing->Append(1); }) == "INVALID_ARGUMENT");
  CHECK(fs::file_size(path) == 1 << 20);
  fs::resize_file(path, 4096);
  CHECK(CodeOf([&] { existing->Measure({256 << 10, 4, false, "pread", 0.01}); }) == "READ_FAILED");

  CHECK(CodeOf([&] { StorageProbe::Open(directory + "/absent"); }) == "FILE_UNREADABLE");
  CHECK(CodeOf([&] { StorageProbe::CreateIn(directory + "/absent"); }) == "DIRECTORY_UNWRITABLE");
  fs::remove_all(directory);
  return 0;
}
