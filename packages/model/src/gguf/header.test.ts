import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ModelError } from '../model-error.ts';
import {
  ggufHeader,
  ggufString,
  type MetadataEntry,
  metadataEntry,
  tensorEntry,
  u32,
  u64,
} from '../testing/gguf-writer.ts';
import { readGgufHeader } from './header.ts';
import { StringTable } from './string-table.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-gguf-'));
after(() => rmSync(directory, { recursive: true }));

function file(...parts: Uint8Array[]): string {
  const path = join(directory, 'model.gguf');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

const tensor = (name: string, offset: number, dimensions = [32, 2]) =>
  ({ name, kind: 'F32', dimensions, offset }) as const;
const tensorBytes = 32 * 2 * 4;

describe('a well-formed header', () => {
  const metadata: MetadataEntry[] = [
    { key: 'a.integer', type: 'u32', value: 0xffffffff },
    { key: 'a.negative', type: 'i32', value: -5 },
    { key: 'a.float', type: 'f32', value: 0.5 },
    { key: 'a.flag', type: 'bool', value: true },
    { key: 'a.text', type: 'string', value: 'größer' },
    { key: 'some.texts', type: 'strings', value: ['', 'Ġthe', '🙂'] },
    { key: 'some.integers', type: 'i32s', value: [1, -2, 3] },
    { key: 'a.long', type: 'raw', value: Buffer.concat([u32(10), u64(2n ** 63n)]) },
    { key: 'a.short.long', type: 'raw', value: Buffer.concat([u32(10), u64(7)]) },
    { key: 'nested', type: 'raw', value: Buffer.concat([u32(9), u32(9), u64(1), u32(7), u64(2), Uint8Array.of(0, 1)]) },
  ];
  const tensors = [tensor('first', 0), { ...tensor('second', 256, [32, 3, 2]), kind: 'Q4_1' as const }];

  test('gives metadata and where tensors lie', () => {
    const header = ggufHeader(metadata, tensors);
    const read = readGgufHeader(file(header, new Uint8Array(256 + 6 * 20)));
    const value = (key: string) => read.metadata.get(key);
    assert.equal(value('a.integer'), 0xffffffff);
    assert.equal(value('a.negative'), -5);
    assert.equal(value('a.float'), 0.5);
    assert.equal(value('a.flag'), true);
    assert.equal(value('a.text'), 'größer');
    assert.equal(value('a.long'), 2n ** 63n);
    assert.equal(value('a.short.long'), 7);
    assert.deepEqual(value('nested'), [[false, true]]);
    assert.deepEqual(value('some.integers'), Int32Array.of(1, -2, 3));
    const texts = value('some.texts') as StringTable;
    assert.ok(texts instanceof StringTable);
    assert.deepEqual([...texts], ['', 'Ġthe', '🙂']);
    assert.equal(texts.at(1), 'Ġthe');
    assert.throws(() => texts.at(3), RangeError);

    assert.equal(read.fileBytes, header.length + 256 + 120);
    const [first, second] = ['first', 'second'].map((name) => read.tensors.get(name));
    assert.deepEqual([first?.offset, first?.bytes, first?.type.name], [header.length, 256, 'F32']);
    assert.deepEqual([second?.offset, second?.bytes, second?.dimensions], [header.length + 256, 120, [32, 3, 2]]);
  });

  test('larger than the pieces it is read in', () => {
    const long = 'x'.repeat(300_000);
    const many = Array.from({ length: 50_000 }, (_, i) => `token ${i}`);
    const header = ggufHeader(
      [
        { key: 'long', type: 'string', value: long },
        { key: 'many', type: 'strings', value: many },
        { key: 'last', type: 'u32', value: 9 },
      ],
      [],
    );
    const read = readGgufHeader(file(header));
    assert.equal(read.metadata.get('long'), long);
    assert.deepEqual([...(read.metadata.get('many') as StringTable)], many);
    assert.equal(read.metadata.get('last'), 9);
  });

  test('of version 2', () => {
    const header = ggufHeader(metadata, []);
    header.writeUInt32LE(2, 4);
    assert.equal(readGgufHeader(file(header)).version, 2);
  });

  test('has a digest that any byte of it, and the size, changes', () => {
    const header = ggufHeader(metadata, tensors);
    const data = new Uint8Array(256 + 120);
    const { digest } = readGgufHeader(file(header, data));
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.equal(readGgufHeader(file(header, data.fill(1))).digest, digest, 'tensor data is not part of it');
    assert.notEqual(readGgufHeader(file(header, data, Uint8Array.of(0))).digest, digest);
    const other = Buffer.from(header);
    other[other.indexOf('größer')] = 0x47;
    assert.notEqual(readGgufHeader(file(other, data)).digest, digest);
  });
});

describe('a malformed file', () => {
  const start = (tensors: number | bigint, keys: number | bigint) =>
    Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(keys)]);
  const key = (name: string, type: number, ...value: Uint8Array[]) =>
    Buffer.concat([ggufString(name), u32(type), ...value]);
  const oneKey = (...entry: Uint8Array[]) => [start(0, 1), ...entry, new Uint8Array(64)];
  const oneTensor = (entry: Uint8Array) => [start(1, 0), entry, new Uint8Array(4096)];
  const tensorWith = (dimensions: (number | bigint)[], type: number, offset: number | bigint = 0) =>
    Buffer.concat([ggufString('t'), u32(dimensions.length), ...dimensions.map(u64), u32(type), u64(offset)]);
  const alignment = (value: Uint8Array) => [start(0, 1), ggufString('general.alignment'), value];
  const array = (type: number, count: number | bigint, ...values: Uint8Array[]) =>
    Buffer.concat([u32(type), u64(count), ...values]);
  const nested = (depth: number): Buffer =>
    depth === 0 ? array(0, 1, Uint8Array.of(1)) : array(9, 1, nested(depth - 1));
  const huge = 2n ** 64n - 1n;

  const cases: [name: string, code: string, parts: Uint8Array[], message?: RegExp][] = [
    ['empty', 'NOT_A_GGUF', [], /0 bytes/],
    ['of three bytes', 'NOT_A_GGUF', [Buffer.from('GGU')]],
    ['a text', 'NOT_A_GGUF', [Buffer.from('once upon a time')], /6f6e6365/],
    ['a .tflite model', 'NOT_A_GGUF', [u32(28), Buffer.from('TFL3'), new Uint8Array(64)], /TensorFlow Lite.*as GGUF/],
    ['a GGML file', 'NOT_A_GGUF', [Buffer.from('lmgg'), new Uint8Array(64)], /before GGUF/],
    ['a safetensors file', 'NOT_A_GGUF', [u64(90), Buffer.from('{"a":'), new Uint8Array(64)], /safetensors/],
    ['a zip', 'NOT_A_GGUF', [Buffer.from('PK\x03\x04'), new Uint8Array(64)], /zip/],
    ['of version 1', 'UNSUPPORTED_GGUF_VERSION', [Buffer.from('GGUF'), u32(1), new Uint8Array(64)], /version 1/],
    ['of version 4', 'UNSUPPORTED_GGUF_VERSION', [Buffer.from('GGUF'), u32(4), new Uint8Array(64)]],
    [
      'big-endian',
      'UNSUPPORTED_GGUF_VERSION',
      [Buffer.from('GGUF'), u32(3).reverse(), new Uint8Array(64)],
      /big-endian/,
    ],
    ['the magic alone', 'MODEL_TRUNCATED', [Buffer.from('GGUF')]],
    ['ending in a count', 'MODEL_TRUNCATED', [start(0, 0).subarray(0, 20)]],
    ['with 2^64 - 1 tensors', 'MODEL_TRUNCATED', [start(huge, 0), new Uint8Array(64)]],
    ['with 2^64 - 1 keys', 'MODEL_TRUNCATED', [start(0, huge), new Uint8Array(64)]],
    ['with more keys than it has bytes', 'MODEL_TRUNCATED', [start(0, 100), new Uint8Array(64)]],
    ['with 70,000 keys', 'MODEL_INVALID', [start(0, 70_000), new Uint8Array(70_000 * 14)], /more than any model/],
    ['with a key of 2^64 - 1 bytes', 'MODEL_TRUNCATED', oneKey(u64(huge))],
    ['with a key of 2^62 bytes', 'MODEL_TRUNCATED', oneKey(u64(2n ** 62n))],
    ['with an empty key', 'MODEL_INVALID', oneKey(key('', 0))],
    ['with a key of 70,000 bytes', 'MODEL_INVALID', oneKey(key('k'.repeat(70_000), 0, new Uint8Array(1)))],
    ['with a key that is no UTF-8', 'MODEL_INVALID', oneKey(u64(2), Uint8Array.of(0xff, 0xfe), u32(0)), /UTF-8/],
    [
      'with a key twice',
      'MODEL_INVALID',
      [start(0, 2), ...[1, 2].map((value) => metadataEntry({ key: 'same', type: 'u32', value }))],
      /same is there twice/,
    ],
    ['with a value of type 13', 'MODEL_INVALID', oneKey(key('k', 13)), /type 13/],
    ['with a truth value of 2', 'MODEL_INVALID', oneKey(key('k', 7, Uint8Array.of(2)))],
    ['with a text past its end', 'MODEL_TRUNCATED', oneKey(key('k', 8, u64(1000)))],
    ['with an array of 2^61 numbers', 'MODEL_TRUNCATED', oneKey(key('k', 9, array(10, 2n ** 61n)))],
    ['with an array of 2^60 texts', 'MODEL_TRUNCATED', oneKey(key('k', 9, array(8, 2n ** 60n)))],
    ['with an array of type 13', 'MODEL_INVALID', oneKey(key('k', 9, array(13, 1)))],
    [
      'with an array of texts cut short',
      'MODEL_TRUNCATED',
      [start(0, 1), key('k', 9, array(8, 3, ggufString('a'), u64(99), u64(0)))],
    ],
    ['with deeply nested arrays', 'MODEL_INVALID', oneKey(key('k', 9, nested(8))), /nested/],
    [
      'with endless nested arrays',
      'MODEL_INVALID',
      oneKey(key('k', 9, array(9, 70_000, new Uint8Array(70_000 * 12)))),
      /more arrays/,
    ],
    ['with an alignment of 0', 'MODEL_INVALID', alignment(Buffer.concat([u32(4), u32(0)])), /alignment/],
    ['with an alignment of 48', 'MODEL_INVALID', alignment(Buffer.concat([u32(4), u32(48)]))],
    ['with an alignment of 2^31', 'MODEL_INVALID', alignment(Buffer.concat([u32(4), u32(2 ** 31)]))],
    ['with a text for an alignment', 'MODEL_INVALID', alignment(Buffer.concat([u32(8), ggufString('32')]))],
    ['with a tensor of no dimensions', 'MODEL_INVALID', oneTensor(tensorWith([], 0))],
    ['with a tensor of 5 dimensions', 'MODEL_INVALID', oneTensor(tensorWith([1, 1, 1, 1, 1], 0))],
    [
      'with a tensor of 2^32 - 1 dimensions',
      'MODEL_INVALID',
      oneTensor(Buffer.concat([ggufString('t'), u32(2 ** 32 - 1), new Uint8Array(20)])),
    ],
    ['with a dimension of 0', 'MODEL_INVALID', oneTensor(tensorWith([32, 0], 0)), /empty/],
    ['with dimensions whose product overflows', 'MODEL_TRUNCATED', oneTensor(tensorWith([2n ** 33n, 2n ** 31n], 0))],
    [
      'with dimensions whose product is 2^256',
      'MODEL_TRUNCATED',
      oneTensor(tensorWith([2n ** 63n, 2n ** 63n, 2n ** 63n, 2n ** 63n], 0)),
    ],
    ['with rows that are no whole blocks', 'MODEL_INVALID', oneTensor(tensorWith([33, 1], 2)), /multiple of 32/],
    ['with a tensor of type 99', 'UNSUPPORTED_TYPE', oneTensor(tensorWith([32], 99)), /type 99/],
    ['with a tensor of a removed type', 'UNSUPPORTED_TYPE', oneTensor(tensorWith([32], 4))],
    ['with a tensor past its end', 'MODEL_TRUNCATED', oneTensor(tensorWith([32, 100], 0)), /the file has/],
    ['with an offset past its end', 'MODEL_TRUNCATED', oneTensor(tensorWith([32], 0, 2 ** 40))],
    ['with an offset of 2^64 - 32', 'MODEL_TRUNCATED', oneTensor(tensorWith([32], 0, 2n ** 64n - 32n))],
    ['with an unaligned tensor', 'MODEL_INVALID', oneTensor(tensorWith([32], 0, 4)), /multiple of 32/],
    [
      'with a tensor twice',
      'MODEL_INVALID',
      [ggufHeader([], [tensor('same', 0), tensor('same', tensorBytes)]), new Uint8Array(2 * tensorBytes)],
      /same is there twice/,
    ],
    [
      'with tensors that overlap',
      'MODEL_INVALID',
      [ggufHeader([], [tensor('a', 0), tensor('b', 128)]), new Uint8Array(1024)],
      /a and b overlap/,
    ],
    ['with a tensor name of 300 bytes', 'MODEL_INVALID', oneTensor(tensorEntry(tensor('t'.repeat(300), 0)))],
  ];
  for (const [name, code, parts, message] of cases) {
    test(`${name} is refused with ${code}`, () => {
      assert.throws(
        () => readGgufHeader(file(...parts)),
        (error) => {
          assert.ok(error instanceof ModelError, String(error));
          assert.equal(error.code, code, error.message);
          assert.match(error.message, message ?? /./);
          assert.ok(error.message.includes(directory), 'the message names the file');
          return true;
        },
      );
    });
  }

  test('cut anywhere is refused', () => {
    const header = ggufHeader(
      [
        { key: 'texts', type: 'strings', value: ['one', 'two'] },
        { key: 'n', type: 'u32', value: 1 },
      ],
      [tensor('t', 0)],
    );
    const path = file(header, new Uint8Array(tensorBytes));
    readGgufHeader(path);
    for (let bytes = header.length + tensorBytes - 1; bytes >= 0; bytes--) {
      truncateSync(path, bytes);
      assert.throws(
        () => readGgufHeader(path),
        (error) => error instanceof ModelError && error.code === (bytes < 4 ? 'NOT_A_GGUF' : 'MODEL_TRUNCATED'),
        `cut to ${bytes} bytes`,
      );
    }
  });

  test('with any single byte changed is read or refused, never anything else', () => {
    const header = ggufHeader(
      [
        { key: 'texts', type: 'strings', value: ['one', 'two'] },
        { key: 'n', type: 'i32s', value: [1] },
      ],
      [tensor('t', 0)],
    );
    for (let at = 0; at < header.length; at++) {
      for (const value of [0x00, 0x01, 0x7f, 0xff]) {
        const changed = Buffer.from(header);
        changed[at] = value;
        const path = file(changed, new Uint8Array(tensorBytes));
        try {
          readGgufHeader(path);
        } catch (error) {
          assert.ok(error instanceof ModelError, `byte ${at} = ${value}: ${error}`);
        }
      }
    }
  });

  test('that is missing, or a directory, is unreadable', () => {
    for (const path of [join(directory, 'missing.gguf'), directory]) {
      assert.throws(() => readGgufHeader(path), { name: 'ModelError', code: 'MODEL_UNREADABLE' });
    }
  });
});
