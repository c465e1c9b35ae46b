// The weight cache's native functions; src/cache.ts declares them in the same order.
#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "binding/binding.h"
#include "cache/chunk_verifier.h"
#include "cache/chunk_writer.h"
#include "cache/direct_writer.h"
#include "cache/job.h"
#include "checksum/crc32c.h"
#include "engine/memory_region.h"
#include "io/direct_file.h"

namespace flash_slim {
namespace {

// A file read into memory that JavaScript sees as an ArrayBuffer. Reads under way keep both alive; else closing closes
// the file and detaches the buffer at once, not when the garbage collector comes.
struct StagedFile {
  DirectFile file;
  std::shared_ptr<MemoryRegion> staging;
};

// What JavaScript holds: closing drops the object at once where nothing runs on it, else when that ends.
template <typename T>
using Handle = std::shared_ptr<T>;

template <typename T>
Napi::Value MakeHandle(Napi::Env env, std::shared_ptr<T> object) {
  return Napi::External<Handle<T>>::New(env, new Handle<T>(std::move(object)),
                                        [](Napi::Env, Handle<T>* h) { delete h; });
}

template <typename T>
Handle<T>& HandleOf(const Napi::Value& value) {
  return *value.As<Napi::External<Handle<T>>>().Data();
}

template <typename T>
std::shared_ptr<T> ObjectOf(const Napi::Value& value) {
  const Handle<T>& handle = HandleOf<T>(value);
  if (!handle) throw ToJsError(value.Env(), "CLOSED", "the file was closed");
  return handle;
}

// Numbers cross as doubles; those that are no size or count at all become 0 or a value that every check refuses.
uint64_t Unsigned(const Napi::Value& value) {
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0)) return 0;
  return number >= 9007199254740992.0 ? uint64_t(1) << 53 : uint64_t(number);
}

int64_t Signed(const Napi::Value& value) { return int64_t(Unsigned(value)); }

template <typename T, typename Convert>
std::vector<T> ListOf(const Napi::Value& value, Convert convert) {
  const auto array = value.As<Napi::Array>();
  std::vector<T> list;
  list.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    Napi::HandleScope scope(value.Env());
    list.push_back(convert(array.Get(i)));
  }
  return list;
}

SourceTensor TensorOf(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  SourceTensor tensor{Unsigned(object.Get("offset")), Unsigned(object.Get("bytes")), Signed(object.Get("rows")),
                      size_t(Unsigned(object.Get("file"))), SourceForm(uint8_t(Unsigned(object.Get("form"))))};
  if (object.Get("blocks").IsNull()) return tensor;
  const auto blocks = object.Get("blocks").As<Napi::Object>();
  tensor.blocks.bits = int(Unsigned(blocks.Get("bits")));
  tensor.blocks.block_size = Signed(blocks.Get("blockSize"));
  tensor.blocks.half_scales = blocks.Get("halfScales").As<Napi::Boolean>();
  tensor.blocks.has_zero_points = blocks.Get("hasZeroPoints").As<Napi::Boolean>();
  tensor.scale_file = size_t(Unsigned(blocks.Get("scaleFile")));
  tensor.scale_offset = Unsigned(blocks.Get("scaleOffset"));
  tensor.zero_point_file = size_t(Unsigned(blocks.Get("zeroPointFile")));
  tensor.zero_point_offset = Unsigned(blocks.Get("zeroPointOffset"));
  return tensor;
}

CacheChunk ChunkOf(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  CacheChunk chunk;
  chunk.name = object.Get("name").As<Napi::String>().Utf8Value();
  chunk.kind = WeightKind(uint8_t(Unsigned(object.Get("kind"))));
  chunk.columns = Signed(object.Get("columns"));
  chunk.alternating = object.Get("alternating").As<Napi::Boolean>();
  chunk.unit_row_blocks = Signed(object.Get("unitRowBlocks"));
  chunk.offset = Unsigned(object.Get("offset"));
  chunk.tensors = ListOf<SourceTensor>(object.Get("tensors"), TensorOf);
  return chunk;
}

StoredChunk StoredOf(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  StoredChunk chunk;
  chunk.name = object.Get("name").As<Napi::String>().Utf8Value();
  chunk.offset = Unsigned(object.Get("offset"));
  chunk.row_blocks = Signed(object.Get("rowBlocks"));
  chunk.row_block_bytes = Unsigned(object.Get("rowBlockBytes"));
  chunk.unit_row_blocks = Signed(object.Get("unitRowBlocks"));
  chunk.unit_crc32c = ListOf<uint32_t>(object.Get("unitCrc32c"),
                                       [](const Napi::Value& sum) { return sum.As<Napi::Number>().Uint32Value(); });
  return chunk;
}

Napi::Value WrittenToJs(Napi::Env env, const WrittenChunks& written) {
  Napi::Array list = Napi::Array::New(env, written.unit_crc32c.size());
  for (uint32_t i = 0; i < written.unit_crc32c.size(); ++i) {
    Napi::HandleScope scope(env);
    const std::vector<uint32_t>& sums = written.unit_crc32c[i];
    Napi::Array units = Napi::Array::New(env, sums.size());
    for (uint32_t u = 0; u < sums.size(); ++u) units.Set(u, Napi::Number::New(env, sums[u]));
    const std::vector<ConversionError>& errors = written.conversion[i];
    Napi::Array conversion = Napi::Array::New(env, errors.size());
    for (uint32_t t = 0; t < errors.size(); ++t) {
      Napi::Object error = Napi::Object::New(env);
      error.Set("squaredError", Napi::Number::New(env, errors[t].squared_error));
      error.Set("squaredValues", Napi::Number::New(env, errors[t].squared_values));
      error.Set("maxError", Napi::Number::New(env, errors[t].max_error));
      conversion.Set(t, error);
    }
    Napi::Object chunk = Napi::Object::New(env);
    chunk.Set("unitCrc32c", units);
    chunk.Set("conversion", conversion);
    list.Set(i, chunk);
  }
  return list;
}

Napi::Value Undefined(Napi::Env env) { return env.Undefined(); }

Napi::Value OpenDirectFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const size_t staging_bytes = AlignUp(Unsigned(info[1]), kPageBytes);
  try {
    auto staged = std::make_shared<StagedFile>(StagedFile{DirectFile::Open(info[0].As<Napi::String>()),
                                                          std::make_shared<MemoryRegion>(staging_bytes, true, false)});
    Napi::Object result = Napi::Object::New(env);
    result.Set("file", MakeHandle(env, staged));
    result.Set("bytes", Napi::Number::New(env, double(staged->file.size())));
    result.Set("direct", Napi::Boolean::New(env, staged->file.direct()));
    auto* owner = new std::shared_ptr<MemoryRegion>(staged->staging);
    result.Set("staging", Napi::ArrayBuffer::New(env, (*owner)->data(), staging_bytes,
                                                 [owner](Napi::Env, void*) { delete owner; }));
    return result;
  } catch (const Error& error) {
    throw ToJsError(env, error.code(), error.what());
  }
}

Napi::Value ReadDirectFile(const Napi::CallbackInfo& info) {
  const auto staged = ObjectOf<StagedFile>(info[0]);
  const uint64_t at = Unsigned(info[1]), bytes = Unsigned(info[2]), offset = Unsigned(info[3]);
  if ((at | bytes | offset) % kPageBytes != 0 || at > staged->staging->size() || bytes > staged->staging->size() - at) {
    throw ToJsError(info.Env(), "INTERNAL", "a direct read is not aligned, or larger than its staging memory");
  }
  const auto got = std::make_shared<size_t>(0);
  return RunAsync(
      info.Env(), [=] { *got = staged->file.Read(staged->staging->data() + at, bytes, offset); },
      [got](Napi::Env env) { return Napi::Number::New(env, double(*got)); });
}

Napi::Value CreateJob(const Napi::CallbackInfo& info) { return MakeHandle(info.Env(), std::make_shared<Job>()); }

Napi::Value JobBytesDone(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(ObjectOf<Job>(info[0])->bytes_done.load()));
}

void CancelJob(const Napi::CallbackInfo& info) { ObjectOf<Job>(info[0])->cancelled = true; }

Napi::Value CreateCacheFile(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  const uint64_t bytes = Unsigned(info[1]);
  const auto writer = std::make_shared<std::shared_ptr<DirectWriter>>();
  return RunAsync(
      info.Env(),
      [=] {
        *writer = std::make_shared<DirectWriter>(path);
        (*writer)->Reserve(bytes);
      },
      [writer](Napi::Env env) { return MakeHandle(env, *writer); });
}

Napi::Value WriteCacheChunks(const Napi::CallbackInfo& info) {
  const auto writer = ObjectOf<DirectWriter>(info[0]);
  const auto paths = ListOf<std::string>(
      info[1], [](const Napi::Value& path) { return path.As<Napi::String>().Utf8Value(); });
  const auto chunks = std::make_shared<std::vector<CacheChunk>>(ListOf<CacheChunk>(info[2], ChunkOf));
  const auto job = ObjectOf<Job>(info[3]);
  const auto written = std::make_shared<WrittenChunks>();
  return RunAsync(
      info.Env(),
      [=] {
        std::vector<DirectFile> sources;
        for (const std::string& path : paths) sources.push_back(DirectFile::Open(path));
        *written = WriteChunks(sources, *chunks, *writer, *job);
      },
      [written](Napi::Env env) { return WrittenToJs(env, *written); });
}

Napi::Value WriteCacheBytes(const Napi::CallbackInfo& info) {
  const auto writer = ObjectOf<DirectWriter>(info[0]);
  const auto bytes = info[1].As<Napi::Uint8Array>();
  const uint64_t offset = Unsigned(info[2]);
  // Anonymous memory: page-aligned, and zeros where the bytes do not fill the last page.
  const auto memory = std::make_shared<MemoryRegion>(AlignUp(bytes.ByteLength(), kPageBytes), false, false);
  if (bytes.ByteLength() > 0) std::memcpy(memory->data(), bytes.Data(), bytes.ByteLength());
  return RunAsync(
      info.Env(), [=] { writer->Write(memory->data(), memory->size(), offset); }, Undefined);
}

Napi::Value SyncCacheFile(const Napi::CallbackInfo& info) {
  const auto writer = ObjectOf<DirectWriter>(info[0]);
  const uint64_t bytes = Unsigned(info[1]);
  return RunAsync(
      info.Env(), [=] { writer->Sync(bytes); }, Undefined);
}

void CloseCacheFile(const Napi::CallbackInfo& info) { HandleOf<DirectWriter>(info[0]).reset(); }

void CloseDirectFile(const Napi::CallbackInfo& info) {
  HandleOf<StagedFile>(info[0]).reset();
  info[1].As<Napi::ArrayBuffer>().Detach();
}

Napi::Value VerifyCacheChunks(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  const auto chunks = std::make_shared<std::vector<StoredChunk>>(ListOf<StoredChunk>(info[1], StoredOf));
  const auto job = ObjectOf<Job>(info[2]);
  return RunAsync(
      info.Env(), [=] { VerifyChunks(DirectFile::Open(path), *chunks, *job); }, Undefined);
}

Napi::Value Crc32cOf(const Napi::CallbackInfo& info) {
  const auto bytes = info[0].As<Napi::Uint8Array>();
  return Napi::Number::New(info.Env(), Crc32c(bytes.Data(), bytes.ByteLength()));
}

Napi::Value TryLockFile(const Napi::CallbackInfo& info) {
  if (flock(info[0].As<Napi::Number>().Int32Value(), LOCK_EX | LOCK_NB) == 0)
    return Napi::Boolean::New(info.Env(), true);
  if (errno == EWOULDBLOCK) return Napi::Boolean::New(info.Env(), false);
  throw ToJsError(info.Env(), "LOCK_FAILED", std::string("locking failed: ") + std::strerror(errno));
}

}  // namespace

void RegisterCache(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("openDirectFile", OpenDirectFile);
  add("readDirectFile", ReadDirectFile);
  add("closeDirectFile", CloseDirectFile);
  add("createJob", CreateJob);
  add("jobBytesDone", JobBytesDone);
  add("cancelJob", CancelJob);
  add("createCacheFile", CreateCacheFile);
  add("writeCacheChunks", WriteCacheChunks);
  add("writeCacheBytes", WriteCacheBytes);
  add("syncCacheFile", SyncCacheFile);
  add("closeCacheFile", CloseCacheFile);
  add("verifyCacheChunks", VerifyCacheChunks);
  add("crc32c", Crc32cOf);
  add("tryLockFile", TryLockFile);
}

}  // namespace flash_slim
