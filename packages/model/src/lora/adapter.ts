// A PEFT adapter (adapter_config.json, adapter_model.safetensors) -> the changes of a model's chunks, row by row. Names and
// shapes are held against the chunks; the values are read later, one module at a time.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expandFloats } from '../gguf/float-forms.ts';
import { ModelError } from '../model-error.ts';
import { readSafetensorsHeader, type SafetensorsTensor } from '../safetensors/header.ts';
import type { FloatForm, ModelConfig } from '../types.ts';
import { readLoraConfig } from './config.ts';
import { neighboursRotate } from './rotation.ts';

/** What an adapter is held against: a weight cache has it all. */
export interface AdaptedModel {
  config: ModelConfig;
  chunks: readonly { weightsId: number; name: string; rows: number; columns: number; paired: boolean }[];
  graph: Uint8Array;
}

/** y += scale * B (A x), for some rows of one chunk. */
export interface LoraModule {
  weightsId: number;
  rowBegin: number;
  /** Of a chunk whose row blocks alternate, instead: 0 the first of each pair, 1 the second; else -1. */
  pairSide: number;
  rows: number;
  columns: number;
  rank: number;
  scale: number;
  /** Head size where the file's heads have halves that rotate against each other and the chunk's have neighbours; else 0. */
  interleavedHead: number;
}

export interface LoraAdapter {
  path: string;
  /** Largest of its modules. */
  rank: number;
  modules: LoraModule[];
  /** In memory, as 32-bit floats. */
  bytes: number;
  /** The modules with their values, a [rank][columns] and b [rows][rank], valid until the next is asked for. Throws ModelError. */
  read(): AsyncGenerator<LoraModule & { a: Float32Array; b: Float32Array }>;
}

/** `interleaved`: rows of q and k are in GGUF's order for llama, in all layers alike. */
type Target = AdaptedModel & { interleaved: boolean };

interface Placed extends LoraModule {
  a: SafetensorsTensor;
  b: SafetensorsTensor;
  /** B's rows from here on are this module's. */
  rowOfB: number;
}

/** Parts of a layer by their names in transformers; those of fused matrices lie end to end. */
const partsOf: Record<string, readonly string[]> = {
  'self_attn.q_proj': ['q'],
  'self_attn.k_proj': ['k'],
  'self_attn.v_proj': ['v'],
  'self_attn.qkv_proj': ['q', 'k', 'v'],
  'self_attn.o_proj': ['attn_output'],
  'mlp.gate_proj': ['gate'],
  'mlp.up_proj': ['up'],
  'mlp.gate_up_proj': ['gate', 'up'],
  'mlp.down_proj': ['down'],
};

/** Throws ModelError. */
export function readLoraAdapter(directory: string, model: AdaptedModel): LoraAdapter {
  const config = readLoraConfig(directory);
  const path = join(directory, 'adapter_model.safetensors');
  if (!existsSync(path) && existsSync(join(directory, 'adapter_model.bin'))) {
    throw new ModelError(
      'UNSUPPORTED_ADAPTER',
      `${directory} has adapter_model.bin, a pickle that can run code; save it as safetensors`,
    );
  }
  const target = { ...model, interleaved: neighboursRotate(model.graph) };
  const placed: Placed[] = [];
  for (const { name, a, b } of pairs(path)) placed.push(...place(path, name, a, b, config.of(name), target));
  return {
    path: directory,
    rank: placed.reduce((most, { rank }) => Math.max(most, rank), 0),
    modules: placed,
    bytes: placed.reduce((sum, { rank, rows, columns }) => sum + 4 * rank * (rows + columns), 0),
    read: () => readValues(path, placed),
  };
}

/** A and B of each module; nothing else may be there. */
function pairs(path: string): { name: string; a: SafetensorsTensor; b: SafetensorsTensor }[] {
  const { tensors } = readSafetensorsHeader(path);
  const found = new Map<string, { A?: SafetensorsTensor; B?: SafetensorsTensor }>();
  for (const tensor of tensors.values()) {
    const [, name = '', side] = /^base_model\.model\.(.+)\.lora_(A|B)(?:\.default)?\.weight$/.exec(tensor.name) ?? [];
    if (side === undefined) {
      throw new ModelError(
        'UNSUPPORTED_ADAPTER',
        `${path} has the tensor ${tensor.name.slice(0, 100)}, which is neither A nor B of a linear module`,
      );
    }
    const pair = found.get(name) ?? {};
    pair[side as 'A' | 'B'] = tensor;
    found.set(name, pair);
  }
  if (found.size === 0) throw new ModelError('MODEL_INVALID', `${path} has no tensors`);
  return Array.from(found, ([name, { A: a, B: b }]) => {
    if (a && b) return { name, a, b };
    throw new ModelError(
      'MODEL_INVALID',
      `${path} has only one of A and B for ${name.slice(0, 100)}; get the adapter again`,
    );
  });
}

function place(
  path: string,
  name: string,
  a: SafetensorsTensor,
  b: SafetensorsTensor,
  { rank, scale }: { rank: number; scale: number },
  model: Target,
): Placed[] {
  const [, layer, part = ''] = /(?:^|\.)layers\.(\d+)\.(.+)$/.exec(name) ?? [];
  const parts = Object.hasOwn(partsOf, part) ? partsOf[part] : undefined;
  if (parts === undefined) {
    throw new ModelError(
      'UNSUPPORTED_ADAPTER',
      `${path} changes ${name.slice(0, 100)}; known are ${Object.keys(partsOf).join(', ')} of the layers`,
    );
  }
  const mismatch = (what: string) =>
    new ModelError('ADAPTER_MISMATCH', `${path} is of another model: ${name.slice(0, 100)} ${what}`);
  const placed: Placed[] = [];
  let rowOfB = 0;
  for (const one of parts) {
    const where = placeOf(one, Number(layer), model);
    if (where === null) throw mismatch(`is no part of this one, which has ${model.config.layers} layers`);
    placed.push({ ...where, rank, scale, a, b, rowOfB });
    rowOfB += where.rows;
  }
  for (const tensor of [a, b]) formOf(path, tensor);
  const { columns } = placed[0] as Placed;
  if (`${a.shape}` !== `${[rank, columns]}`)
    throw mismatch(`has an A of [${a.shape}], this one takes [${[rank, columns]}]`);
  if (`${b.shape}` !== `${[rowOfB, rank]}`)
    throw mismatch(`has a B of [${b.shape}], this one takes [${[rowOfB, rank]}]`);
  return placed;
}

type Place = Pick<LoraModule, 'weightsId' | 'rowBegin' | 'pairSide' | 'rows' | 'columns' | 'interleavedHead'>;

function placeOf(part: string, layer: number, model: Target): Place | null {
  const { heads, kvHeads, headSize, feedForwardSize, hiddenSize } = model.config;
  const widths: Record<string, number> = {
    q: heads * headSize,
    k: kvHeads * headSize,
    v: kvHeads * headSize,
    gate: feedForwardSize,
    up: feedForwardSize,
    attn_output: hiddenSize,
    down: hiddenSize,
  };
  const rows = widths[part] as number;
  const together = {
    q: ['q', 'k', 'v'],
    k: ['q', 'k', 'v'],
    v: ['q', 'k', 'v'],
    gate: ['gate', 'up'],
    up: ['gate', 'up'],
  }[part];
  const named = (name: string) => model.chunks.find((chunk) => chunk.name === `layer ${layer} ${name}`);
  const fused = together === undefined ? undefined : named(together.length === 3 ? 'qkv' : 'gate_up');
  const chunk = named(part) ?? fused;
  if (chunk === undefined) return null;
  const before = chunk === fused && together ? together.slice(0, together.indexOf(part)) : [];
  const rowBegin = before.reduce((sum, one) => sum + (widths[one] as number), 0);
  const whole = chunk === fused && together ? together.reduce((sum, one) => sum + (widths[one] as number), 0) : rows;
  if (chunk.rows !== whole) return null;
  const rotates = part === 'q' || part === 'k';
  return {
    weightsId: chunk.weightsId,
    rowBegin: chunk.paired ? 0 : rowBegin,
    pairSide: chunk.paired ? before.length : -1,
    rows,
    columns: chunk.columns,
    interleavedHead: rotates && model.interleaved ? headSize : 0,
  };
}

/** In three buffers that are used again: what a module yields is valid until the next is asked for. */
async function* readValues(path: string, placed: readonly Placed[]) {
  const most = (of: (module: Placed) => number) => placed.reduce((largest, module) => Math.max(largest, of(module)), 0);
  const valuesOf = ({ shape }: SafetensorsTensor) => shape.reduce((product, size) => product * size, 1);
  const bytes = new Uint8Array(most(({ a, b }) => Math.max(a.bytes, b.bytes)));
  const valuesA = new Float32Array(most(({ a }) => valuesOf(a)));
  const valuesB = new Float32Array(most(({ b }) => valuesOf(b)));
  const fd = openSync(path, 'r');
  try {
    const read = (tensor: SafetensorsTensor, into: Float32Array) => {
      readFully(fd, path, tensor, bytes);
      expandFloats(formOf(path, tensor), bytes.subarray(0, tensor.bytes), into);
    };
    for (const { a, b, rowOfB, ...module } of placed) {
      const { rank, rows, columns } = module;
      read(a, valuesA);
      read(b, valuesB);
      yield {
        ...module,
        a: valuesA.subarray(0, rank * columns),
        b: valuesB.subarray(rowOfB * rank, (rowOfB + rows) * rank),
      };
    }
  } finally {
    closeSync(fd);
  }
}

function formOf(path: string, { name, dtype }: SafetensorsTensor): FloatForm {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype;
  throw new ModelError(
    'UNSUPPORTED_TYPE',
    `${path}: the tensor ${name.slice(0, 100)} is ${dtype}; bf16, f16 and f32 are supported`,
  );
}

function readFully(fd: number, path: string, { name, offset, bytes }: SafetensorsTensor, into: Uint8Array): void {
  for (let done = 0; done < bytes; ) {
    const read = readSync(fd, into, done, bytes - done, offset + done);
    if (read === 0) {
      throw new ModelError(
        'MODEL_TRUNCATED',
        `${path} ends inside the tensor ${name.slice(0, 100)}; get the adapter again`,
      );
    }
    done += read;
  }
}
