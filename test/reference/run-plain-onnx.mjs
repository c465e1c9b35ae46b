// Runs a plain ONNX export by onnxruntime-node, in a process of its own: the engine loads the same library, which is
// process-wide.
//   node test/reference/run-plain-onnx.mjs MODEL.onnx --out LOGITS.f32 [--from ROW] < ids.json
// ids.json: an array of token ids, or of such arrays, each run on its own from position 0. LOGITS.f32 gets every run's
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
  options: { out: { type: 'string' }, from: { type: 'string', default: '0' } },
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
  const tokens = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
  const { logits } = await session.run({ input_ids: tokens });
  vocabulary = logits.dims[2];
  const wanted = logits.data.subarray(from * vocabulary);
  rows.push(Math.max(ids.length - from, 0));
  if (!out.write(Buffer.from(wanted.buffer, wanted.byteOffset, wanted.byteLength))) await once(out, 'drain');
  logits.dispose();
}
out.end();
await once(out, 'finish');
console.log(JSON.stringify({ vocabulary, rows }));
