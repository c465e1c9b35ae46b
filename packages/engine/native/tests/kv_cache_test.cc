#include "engine/kv_cache.h"

#include <cstring>
#include <set>

#include "error.h"
#include "tests/check.h"

using namespace flash_slim;

template <class Call>
static std::string CodeOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return "";
}

int main() {
  const KvShape shape{3, 2, 16, KvType::kF16, 100, 2};
  KvCache kv(shape);
  CHECK(kv.bytes() == KvCache::BytesFor(shape));
  CHECK(kv.bytes() ==
        size_t(2) * 4 * 32 * 3 * 2 * 16 * 2 * 2);  // sequences, blocks of 32, layers, heads, size, k and v, f16
  const int a = kv.CreateSequence(), b = kv.CreateSequence();
  CHECK(CodeOf([&] { kv.CreateSequence(); }) == "TOO_MANY_SEQUENCES");
  CHECK(CodeOf([&] { kv.Get(99); }) == "UNKNOWN_SEQUENCE");

  kv.Reserve({{a, 33}});
  kv.Get(a).length = 33;
  kv.Reserve({{b, 1}});
  CHECK(kv.Get(a).blocks.size() == 2 && kv.Get(b).blocks.size() == 1);
  CHECK(CodeOf([&] { kv.Reserve({{a, 68}}); }) == "CONTEXT_FULL");
  CHECK(kv.Get(a).length == 33 && kv.Get(a).blocks.size() == 2);
  // All or none: what stands before the one that does not fit gets no blocks either.
  CHECK(CodeOf([&] { kv.Reserve({{b, 40}, {a, 68}}); }) == "CONTEXT_FULL");
  CHECK(CodeOf([&] { kv.Reserve({{b, 40}, {99, 1}}); }) == "UNKNOWN_SEQUENCE");
  CHECK(kv.Get(b).blocks.size() == 1);
  kv.Reserve({{a, 67}});
  CHECK(kv.Get(a).blocks.size() == 4);

  // No tile overlaps another, whatever sequence, layer or head it belongs to.
  std::set<void*> tiles;
  const size_t tile_bytes = size_t(16) * kKvBlockTokens * 2;
  for (int id : {a, b})
    for (int32_t block : kv.Get(id).blocks)
      for (int layer = 0; layer < 3; layer++)
        for (int head = 0; head < 2; head++)
          for (void* tile : {kv.KeyTile(block, layer, head), kv.ValueTile(block, layer, head)}) {
            CHECK(tiles.insert(tile).second);
            std::memset(tile, int(tiles.size()), tile_bytes);
          }
  void* previous = nullptr;
  for (void* tile : tiles) {
    if (previous) CHECK(static_cast<char*>(tile) - static_cast<char*>(previous) >= std::ptrdiff_t(tile_bytes));
    previous = tile;
  }

  kv.Truncate(a, 32);
  CHECK(kv.Get(a).length == 32 && kv.Get(a).blocks.size() == 1);
  kv.FreeSequence(a);
  kv.FreeSequence(a);
  const int c = kv.CreateSequence();
  kv.Reserve({{c, 100}});
  CHECK(kv.Get(c).blocks.size() == 4);
  std::puts("kv_cache_test: ok");
}
