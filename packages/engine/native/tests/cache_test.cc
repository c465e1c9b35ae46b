// The cache's layout, from a file of raw tensors to the packed chunks and back to the tensors' own bytes.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "cache/chunk_verifier.h"
#include "cache/chunk_writer.h"
#include "checksum/crc32c.h"
#include "error.h"
#include "tests/check.h"

using namespace flash_slim;

namespace {

using Bytes = std::vector<uint8_t>;

Bytes ReadAll(const std::string& path) {
  FILE* file = std::fopen(path.c_str(), "rb");
  CHECK(file);
  struct stat status;
  CHECK(fstat(fileno(file), &status) == 0);
  Bytes bytes(size_t(status.st_size));
  CHECK(std::fread(bytes.data(), 1, bytes.size(), file) == bytes.size());
  std::fclose(file);
  return bytes;
}

void WriteAll(const std::string& path, const Bytes& bytes) {
  FILE* file = std::fopen(path.c_str(), "wb");
  CHECK(file && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
  CHECK(std::fclose(file) == 0);
}

std::string CodeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    std::printf("  %s: %s\n", error.code().c_str(), error.what());
    return error.code();
  }
  return "none";
}

// A source file whose tensors lie at odd offsets, with gaps between.
struct Fixture {
  std::string directory, source, cache;
  Bytes bytes = Bytes(123, 7);
  std::vector<CacheChunk> chunks;
  std::mt19937 random{42};

  Fixture() {
    const char* base = std::getenv("TMPDIR");
    directory = std::string(base ? base : ".") + "/cache_test.XXXXXX";
    CHECK(mkdtemp(directory.data()) != nullptr);
    source = directory + "/model";
    cache = directory + "/cache";
  }
  ~Fixture() {
    unlink(source.c_str());
    unlink(cache.c_str());
    rmdir(directory.c_str());
  }

  void AddChunk(WeightKind kind, int64_t columns, std::vector<int64_t> rows, bool alternating, int64_t unit) {
    CacheChunk chunk;
    chunk.name = "chunk " + std::to_string(chunks.size());
    chunk.kind = kind, chunk.columns = columns, chunk.alternating = alternating, chunk.unit_row_blocks = unit;
    chunk.offset = kPageBytes;
    if (!chunks.empty()) {
      const CacheChunk& last = chunks.back();
      chunk.offset = AlignUp(last.offset + size_t(last.row_blocks()) * last.row_block_bytes(), kPageBytes);
    }
    for (int64_t r : rows) {
      const SourceTensor tensor{bytes.size(), uint64_t(r) * SourceRowBytes(kind, columns), r};
      for (uint64_t i = 0; i < tensor.bytes; ++i) bytes.push_back(uint8_t(random()));
      bytes.resize(bytes.size() + 1 + random() % 5000, 9);
      chunk.tensors.push_back(tensor);
    }
    chunks.push_back(chunk);
  }

  // Lays out and returns the units' checksums.
  std::vector<std::vector<uint32_t>> Build(Job& job) {
    WriteAll(source, bytes);
    unlink(cache.c_str());
    DirectWriter writer(cache);
    writer.Reserve(1 << 20);
    const DirectFile file = DirectFile::Open(source);
    auto sums = WriteChunks({&file, 1}, chunks, writer, job).unit_crc32c;
    const CacheChunk& last = chunks.back();
    writer.Sync(AlignUp(last.offset + size_t(last.row_blocks()) * last.row_block_bytes(), kPageBytes));
    return sums;
  }

  std::vector<StoredChunk> Stored(const std::vector<std::vector<uint32_t>>& sums) const {
    std::vector<StoredChunk> stored;
    for (size_t i = 0; i < chunks.size(); ++i) {
      const CacheChunk& c = chunks[i];
      stored.push_back({c.name, c.offset, c.row_blocks(), c.row_block_bytes(), c.unit_row_blocks, sums[i]});
    }
    return stored;
  }
};

void AddEveryShape(Fixture* f) {
  // One tensor; odd rows; q, k, v of odd rows, so that row blocks are shared; tensors smaller than a row block.
  f->AddChunk(WeightKind::kQ8_0, 64, {40}, false, 1);
  f->AddChunk(WeightKind::kQ4_1, 96, {37}, false, 2);
  f->AddChunk(WeightKind::kQ4_0, 576, {20, 12, 11}, false, 3);
  f->AddChunk(WeightKind::kQ4_0, 32, {3, 1, 2, 1, 5, 1, 1, 9}, false, 1);
  // gate and up, with and without a last row block that is not full.
  f->AddChunk(WeightKind::kQ4_1, 64, {48, 48}, true, 4);
  f->AddChunk(WeightKind::kQ4_0, 64, {21, 21}, true, 2);
  f->AddChunk(WeightKind::kF16, 64, {9}, false, 5);
  f->AddChunk(WeightKind::kF32, 32, {17}, false, 1);
  f->AddChunk(WeightKind::kQ4_K, 512, {21, 21}, true, 2);
  f->AddChunk(WeightKind::kQ6_K, 256, {9, 11}, false, 2);
  f->AddChunk(WeightKind::kQ5_K, 768, {8}, false, 1);
  f->AddChunk(WeightKind::kQ5_0, 96, {30}, false, 3);
  f->AddChunk(WeightKind::kQ5_1, 64, {17}, false, 1);
  f->AddChunk(WeightKind::kBF16, 32, {12}, false, 2);
  // Several pieces of 2 MB, pieces that end inside a tensor, units that do not divide the piece.
  f->AddChunk(WeightKind::kQ8_0, 2048, {1500, 333, 334}, false, 7);
  f->AddChunk(WeightKind::kQ4_0, 2048, {2000, 2000}, true, 14);
  f->AddChunk(WeightKind::kF32, 4096, {300}, false, 1);
}

// Every source row, found again in the cache where the format says, is the source's own bytes; the rest is zeros.
void CheckLossless(const Fixture& f) {
  const Bytes cache = ReadAll(f.cache);
  size_t covered = kPageBytes;
  for (const CacheChunk& chunk : f.chunks) {
    const size_t row_bytes = SourceRowBytes(chunk.kind, chunk.columns);
    Bytes row(row_bytes), expected(row_bytes);
    const auto row_at = [&](int64_t row_block, int r) {
      const size_t offset = chunk.offset + size_t(row_block) * chunk.row_block_bytes();
      CHECK(offset + chunk.row_block_bytes() <= cache.size());
      UnpackRow(chunk.kind, chunk.columns, cache.data() + offset, r, row.data());
    };
    int64_t before = 0;
    for (size_t t = 0; t < chunk.tensors.size(); ++t) {
      const SourceTensor& tensor = chunk.tensors[t];
      for (int64_t r = 0; r < tensor.rows; ++r) {
        if (chunk.alternating)
          row_at(r / 8 * int64_t(chunk.tensors.size()) + int64_t(t), int(r % 8));
        else
          row_at((before + r) / 8, int((before + r) % 8));
        CHECK(std::memcmp(row.data(), f.bytes.data() + tensor.offset + size_t(r) * row_bytes, row_bytes) == 0);
      }
      before += tensor.rows;
    }
    if (!chunk.alternating) {
      for (int64_t r = before; r < chunk.row_blocks() * 8; ++r) {
        row_at(r / 8, int(r % 8));
        CHECK(row == Bytes(row_bytes, 0));
      }
    }
    CHECK(chunk.offset == covered);
    covered = chunk.offset + size_t(chunk.row_blocks()) * chunk.row_block_bytes();
    for (; covered % kPageBytes != 0; ++covered) CHECK(cache[covered] == 0);
  }
  CHECK(covered == cache.size());
}

void TestLayout() {
  Fixture f;
  AddEveryShape(&f);
  Job job;
  const auto sums = f.Build(job);
  CheckLossless(f);
  const Bytes cache = ReadAll(f.cache);
  CHECK(job.bytes_done == cache.size() - kPageBytes);
  for (size_t i = 0; i < f.chunks.size(); ++i) {
    const CacheChunk& c = f.chunks[i];
    CHECK(int64_t(sums[i].size()) == (c.row_blocks() + c.unit_row_blocks - 1) / c.unit_row_blocks);
    CHECK(sums[i][0] ==
          Crc32c(cache.data() + c.offset, size_t(std::min(c.unit_row_blocks, c.row_blocks())) * c.row_block_bytes()));
  }
}

// Pages of the file that the page cache holds.
size_t CachedPages(const std::string& path) {
  const DirectFile file = DirectFile::Open(path);
  void* map = mmap(nullptr, file.size(), PROT_READ, MAP_SHARED, file.fd(), 0);
  CHECK(map != MAP_FAILED);
  Bytes present(AlignUp(file.size(), kPageBytes) / kPageBytes);
  CHECK(mincore(map, file.size(), present.data()) == 0);
  munmap(map, file.size());
  return size_t(std::count_if(present.begin(), present.end(), [](uint8_t page) { return page & 1; }));
}

void TestLeavesNoPageCache() {
  Fixture f;
  AddEveryShape(&f);
  Job job;
  const auto stored = f.Stored(f.Build(job));
  VerifyChunks(DirectFile::Open(f.cache), stored, job);
  const size_t cached = CachedPages(f.cache);
  posix_fadvise(DirectFile::Open(f.cache).fd(), 0, 0, POSIX_FADV_DONTNEED);
  if (CachedPages(f.cache) > 0)
    std::printf("page cache not checked: this file system keeps its pages (tmpfs?)\n");
  else
    CHECK(cached == 0);
}

void TestVerify() {
  Fixture f;
  AddEveryShape(&f);
  Job job;
  const auto stored = f.Stored(f.Build(job));
  const auto verify = [&] {
    Job verifying;
    VerifyChunks(DirectFile::Open(f.cache), stored, verifying);
  };
  verify();
  const Bytes good = ReadAll(f.cache);
  for (int i = 0; i < 60; ++i) {
    Bytes bad = good;
    // Also the last byte of the file and the first after the header.
    const size_t at = i == 0   ? good.size() - 1
                      : i == 1 ? kPageBytes
                               : kPageBytes + f.random() % (good.size() - kPageBytes);
    bad[at] ^= uint8_t(1 << (i % 8));
    WriteAll(f.cache, bad);
    try {
      verify();
      CHECK(!"a flipped bit passed");
    } catch (const Error& error) {
      CHECK(error.code() == "CACHE_CORRUPT");
    }
  }
  WriteAll(f.cache, Bytes(good.begin(), good.end() - kPageBytes));
  CHECK(CodeOf(verify) == "CACHE_CORRUPT");  // the sizes pass the file's end
  WriteAll(f.cache, good);
  Job cancelled;
  cancelled.cancelled = true;
  CHECK(CodeOf([&] { VerifyChunks(DirectFile::Open(f.cache), stored, cancelled); }) == "CANCELLED");
}

void TestRefusals() {
  const auto code = [](const std::function<void(Fixture*)>& spoil) {
    Fixture f;
    f.AddChunk(WeightKind::kQ4_0, 64, {40}, false, 1);
    f.AddChunk(WeightKind::kQ4_0, 64, {40, 40}, true, 2);
    spoil(&f);
    Job job;
    return CodeOf([&] { f.Build(job); });
  };
  CHECK(code([](Fixture*) {}) == "none");
  CHECK(code([](Fixture* f) { f->chunks[0].columns = 33; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[0].columns = int64_t(1) << 60; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[0].columns = -32; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[0].kind = WeightKind::kQ4_K; }) == "BAD_CHUNK");  // 64 columns of 256
  CHECK(code([](Fixture* f) { f->chunks[0].unit_row_blocks = int64_t(1) << 60; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[0].unit_row_blocks = 0; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[0].kind = WeightKind(99); }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[0].tensors.clear(); }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[0].tensors[0].rows = 41; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[1].offset += kPageBytes; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[1].offset += 1; }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) {
          f->chunks[1].tensors[0].rows -= 8;
          f->chunks[1].tensors[0].bytes -= 8 * SourceRowBytes(WeightKind::kQ4_0, 64);
        }) == "BAD_CHUNK");
  CHECK(code([](Fixture* f) { f->chunks[1].tensors[1].offset = UINT64_MAX - 5; }) == "SOURCE_TRUNCATED");
  CHECK(code([](Fixture* f) { f->bytes.resize(f->chunks[1].tensors[1].offset + 99); }) == "SOURCE_TRUNCATED");
}

void TestSourceThatShrinks() {
  Fixture f;
  AddEveryShape(&f);
  WriteAll(f.source, f.bytes);
  DirectWriter writer(f.cache);
  const DirectFile source = DirectFile::Open(f.source);
  CHECK(truncate(f.source.c_str(), off_t(f.bytes.size() / 2)) == 0);
  Job job;
  CHECK(CodeOf([&] { WriteChunks({&source, 1}, f.chunks, writer, job); }) == "SOURCE_TRUNCATED");
  Job cancelled;
  cancelled.cancelled = true;
  CHECK(CodeOf([&] { WriteChunks({&source, 1}, f.chunks, writer, cancelled); }) == "CANCELLED");
}

void TestWriter() {
  Fixture f;
  DirectWriter writer(f.cache);
  CHECK(CodeOf([&] { DirectWriter again(f.cache); }) == "OUTPUT_UNWRITABLE");
  CHECK(CodeOf([&] { DirectWriter absent(f.directory + "/absent/cache"); }) == "OUTPUT_UNWRITABLE");
  CHECK(CodeOf([&] { writer.Reserve(uint64_t(1) << 52); }) != "none");  // 4 PB
}

}  // namespace

int main() {
  TestLayout();
  TestLeavesNoPageCache();
  TestVerify();
  TestRefusals();
  TestSourceThatShrinks();
  TestWriter();
  return 0;
}
