import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ModelError } from '../model-error.ts';
import { Random } from '../testing/random.ts';
import { safetensorsBytes } from '../testing/safetensors-writer.ts';
import { readFolderTensors } from './folder.ts';
import { readSafetensorsHeader } from './header.ts';

const directory = mkdtempSync(join(tmpdir(), 'flash-slim-safetensors-'));
after(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'model.safetensors');

const sound = safetensorsBytes([
  { name: 'a.weight', dtype: 'BF16', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'b', dtype: 'F32', shape: [2], values: Float32Array.of(7, 8) },
  { name: 'one', dtype: 'F16', shape: [], values: Float32Array.of(9) },
]);

/** A file with this header, and data of that many bytes behind it. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
}

const read = (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return readSafetensorsHeader(path);
};
const refuses = (bytes: Uint8Array, code: string, message: RegExp) =>
  assert.throws(
    () => read(bytes),
    (error: unknown) => {
      assert.ok(error instanceof ModelError);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      return true;
    },
  );

describe('a safetensors header', () => {
  test('says what the file holds and where', () => {
    const { tensors, metadata, fileBytes } = read(sound);
    assert.equal(fileBytes, sound.length);
    assert.equal(metadata.get('format'), 'pt');
    const start = sound.length - 22;
    assert.deepEqual(
      [...tensors.values()],
      [
        { name: 'a.weight', dtype: 'BF16', shape: [2, 3], offset: start, bytes: 12 },
        { name: 'b', dtype: 'F32', shape: [2], offset: start + 12, bytes: 8 },
        { name: 'one', dtype: 'F16', shape: [], offset: start + 20, bytes: 2 },
      ],
    );
  });

  test('may name tensors as it likes', () => {
    const { tensors } = read(file('{"__proto__": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}', 1));
    assert.deepEqual([...tensors.keys()], ['__proto__']);
  });

  test('is refused where it contradicts the file or itself', () => {
    const tensor = (dtype: unknown, shape: unknown, offsets: unknown) => ({
      t: { dtype, shape, data_offsets: offsets },
    });
    refuses(new Uint8Array(3), 'MODEL_TRUNCATED', /only 3 bytes/);
    refuses(Buffer.alloc(64, 0xff), 'MODEL_INVALID', /18446744073709551615 bytes/);
    refuses(file('x'.repeat(9)).subarray(0, 12), 'MODEL_TRUNCATED', /9 bytes, the file has 12/);
    refuses(file('[]'), 'MODEL_INVALID', /no JSON object/);
    refuses(file('{"t": '), 'MODEL_INVALID', /not JSON/);
    refuses(file('['.repeat(100_000)), 'MODEL_INVALID', /not JSON/);
    refuses(file({ __metadata__: { a: 1 } }), 'MODEL_INVALID', /no text for a/);
    refuses(file({ t: null }), 'MODEL_INVALID', /no dtype/);
    refuses(file(tensor('I128', [1], [0, 16]), 16), 'UNSUPPORTED_TYPE', /I128/);
    refuses(file(tensor('toString', [1], [0, 16]), 16), 'UNSUPPORTED_TYPE', /toString/);
    refuses(file(tensor('F32', [-1], [0, 4]), 4), 'MODEL_INVALID', /shape/);
    refuses(file(tensor('F32', [1.5], [0, 4]), 4), 'MODEL_INVALID', /shape/);
    refuses(file(tensor('F32', new Array(9).fill(1), [0, 4]), 4), 'MODEL_INVALID', /shape/);
    refuses(file(tensor('F32', [1], [0]), 4), 'MODEL_INVALID', /data_offsets/);
    refuses(file(tensor('F32', [1], [4, 0]), 4), 'MODEL_INVALID', /takes 4 bytes/);
    refuses(file(tensor('F32', [2 ** 52, 2 ** 52], [0, 0])), 'MODEL_INVALID', /takes 8112\d+ bytes/);
    refuses(file(tensor('F32', [2], [0, 8]), 4), 'MODEL_TRUNCATED', /ends at byte/);
    refuses(file(tensor('F32', [1], [4, 8]), 8), 'MODEL_INVALID', /gap/);
    refuses(file(tensor('F32', [1], [0, 4]), 8), 'MODEL_INVALID', /end at byte/);
    const two = { ...tensor('F32', [1], [0, 4]), u: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } };
    refuses(file(two, 4), 'MODEL_INVALID', /overlap/);
    assert.throws(() => readSafetensorsHeader(join(directory, 'absent')), { code: 'MODEL_UNREADABLE' });
    assert.throws(() => readSafetensorsHeader(directory), { code: 'MODEL_UNREADABLE' });
  });

  test('that was damaged anyhow gives a ModelError, or a header whose tensors lie in the file', () => {
    const random = new Random(7);
    const pick = (n: number) => random.u32() % n;
    const words = ['4294967296', '-1', '1e300', 'null', '[', '}', '"', '0', '\\u0000', '99999999999999999999'];
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      let bytes = Buffer.from(sound);
      for (let change = 0; change <= pick(3); change++) {
        const at = pick(bytes.length);
        const how = pick(4);
        if (how === 0) bytes[at] = pick(256);
        else if (how === 1) bytes = bytes.subarray(0, at);
        else if (how === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - pick(40)))]);
        else
          bytes = Buffer.concat([
            bytes.subarray(0, at),
            Buffer.from(words[pick(words.length)] ?? ''),
            bytes.subarray(at),
          ]);
        if (bytes.length === 0) break;
      }
      try {
        for (const { offset, bytes: size } of read(bytes).tensors.values()) {
          assert.ok(offset >= 8 && size >= 0 && offset + size <= bytes.length);
        }
      } catch (error) {
        assert.ok(error instanceof ModelError, `round ${round}: ${error}`);
        refused++;
      }
    }
    assert.ok(refused > 500 && refused < 1500, `${refused} were refused`);
  });
});

describe('a folder', () => {
  const index = (map: unknown) => {
    rmSync(path, { force: true });
    writeFileSync(join(directory, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    return () => readFolderTensors(directory);
  };

  test('of several files has the tensors that its index names', () => {
    writeFileSync(join(directory, 'x.safetensors'), sound);
    writeFileSync(join(directory, 'y.safetensors'), sound);
    const { files, tensors } = index({ 'a.weight': 'y.safetensors', b: 'x.safetensors' })();
    assert.deepEqual(
      files.map((one) => one.path),
      [join(directory, 'y.safetensors'), join(directory, 'x.safetensors')],
    );
    assert.deepEqual(
      [...tensors.values()].map(({ name, file }) => [name, file]),
      [
        ['a.weight', 0],
        ['b', 1],
      ],
    );
  });

  test('is refused where its index names what is not there, or is not its own', () => {
    assert.throws(index({ c: 'x.safetensors' }), { code: 'MODEL_INVALID', message: /lacks the tensor c/ });
    assert.throws(index({ b: 'z.safetensors' }), { code: 'MODEL_UNREADABLE' });
    for (const file of ['../x.safetensors', '/etc/passwd', 'x', 7, null, '..'])
      assert.throws(index({ b: file }), { code: 'MODEL_INVALID', message: /no safetensors file of its folder/ });
    assert.throws(index({}), { code: 'MODEL_INVALID' });
    assert.throws(index([]), { code: 'MODEL_INVALID' });
    rmSync(join(directory, 'model.safetensors.index.json'));
    assert.throws(() => readFolderTensors(directory), { code: 'MODEL_UNREADABLE', message: /neither/ });
  });
});
