// Runs a plain ONNX export, or the graph of an ONNX folder, by onnxruntime-node, in a process of its own: the engine loads the same library, which is
// process-wide.
//   node test/reference/run-plain-onnx.mjs MODEL.onnx --out LOGITS.f32 [--from ROW] [--head-size N] < ids.json
// --head-size: of keys and values, where the graph leaves it open. ids.json: an array of token ids, or of such arrays, each run on its own from position 0. LOGITS.f32 gets every run's
// logits one after the other, float32 little-endian, [tokens][vocabulary], from row --from on (0 by default). One JSON
// object goes to stdout: {"vocabulary": V, "rows": [rows of each run]}.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

// Read when the library is loaded.
process.env.ORT_DISABLE_TELEMETRY = '1';
const { InferenceSession, Tensor } = await import('onnxruntime-node');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, from: { type: 'string', default: '0' }, 'head-size': { type: 'string' } },
});
const [model] = positionals;
const from = Number(values.from);
if (!model || !values.out || !Number.isSafeInteger(from) || from < 0) {
  console.error('usage: run-plain-onnx.mjs MODEL.onnx --out LOGITS.f32 [--from ROW] < ids.json');
  process.exit(2);
}

const input = await json(process.stdin);
const runs = Array.isArray(input[0]) ? input : [input];
const session = await InferenceSession.create(model, { intraOpNumThreads: 2, enableCpuMemArena: false });
const out = createWriteStream(values.out);
const rows = [];
let vocabulary = 0;
for (const ids of runs) {
  const { logits } = await session.run(inputsOf(session, ids));
  vocabulary = logits.dims[2];
  const wanted = floatsOf(logits).subarray(from * vocabulary);
  rows.push(Math.max(ids.length - from, 0));
  if (!out.write(Buffer.from(wanted.buffer, wanted.byteOffset, wanted.byteLength))) await once(out, 'drain');
  logits.dispose();
}
out.end();
await once(out, 'finish');
console.log(JSON.stringify({ vocabulary, rows }));

/** What graphs of other exporters take beside the tokens: a mask of ones, positions from 0, an empty past. */
function inputsOf(session, ids) {
  const integers = (values) => new Tensor('int64', BigInt64Array.from(values, BigInt), [1, ids.length]);
  return Object.fromEntries(
    session.inputMetadata.map(({ name, shape, type }) => {
      if (name === 'input_ids') return [name, integers(ids)];
      if (name === 'attention_mask') return [name, integers(ids.map(() => 1))];
      if (name === 'position_ids') return [name, integers(ids.map((_, position) => position))];
      return [
        name,
        new Tensor(type, type === 'float16' ? new Uint16Array(0) : new Float32Array(0), [
          1,
          shape[1],
          0,
          Number(values['head-size'] ?? shape[3]),
        ]),
      ];
    }),
  );
}

/** f16 comes as its bits. */
function floatsOf({ type, data }) {
  if (type !== 'float16') return data;
  return Float32Array.from(new Uint16Array(data.buffer, data.byteOffset, data.length), (bits) => {
    const [sign, exponent, mantissa] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
  });
}
