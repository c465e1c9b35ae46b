// Which weights are streamed, in order of use: per layer qkv, attention output, gate and up, down (before them, where
// there are experts, the router and what every token goes through); then the head. An
// untied embedding comes last: its rows are read on their own, not swept over.
import type { GgufHeader, GgufTensor } from '../gguf/header.ts';
import { weightKind } from '../gguf/tensor-data.ts';
import { ModelError } from '../model-error.ts';
import type { ChunkSpec, TensorBytes } from '../types.ts';
import type { LayerTensors } from './layer-tensors.ts';
import type { ModelOutline } from './outline.ts';

/** The chunks of one layer; what its operators carry. */
export interface LayerChunks {
  /** One chunk, or three where q, k and v are of different kinds. */
  qkv: ChunkSpec[];
  attentionOutput: ChunkSpec;
  /** null where there are no experts. */
  router: ChunkSpec | null;
  /** null where there is no expert that every token goes through. */
  sharedGateUp: ChunkSpec | null;
  sharedDown: ChunkSpec | null;
  /** One chunk in which row blocks of both alternate, or the two apart. */
  gateUp: ChunkSpec[];
  down: ChunkSpec;
}

export interface ModelChunks {
  layers: LayerChunks[];
  head: ChunkSpec;
  /** The head's own chunk where it is tied. */
  embedding: ChunkSpec;
  /** All of them; the index is the weightsId. */
  inOrder: ChunkSpec[];
}

const rowsPerBlock = 8;
const alternating = { arrangement: 'row-blocks-alternating' } as const;

export function planChunks(header: GgufHeader, outline: ModelOutline): ModelChunks {
  const inOrder: ChunkSpec[] = [];
  const add = (
    name: string,
    tensors: GgufTensor[],
    options: Partial<Pick<ChunkSpec, 'op' | 'gathered' | 'head' | 'arrangement' | 'experts'>> = {},
  ): ChunkSpec => {
    const first = tensors[0] as GgufTensor;
    const sources = tensors.map(tensorBytes);
    const chunk: ChunkSpec = {
      weightsId: inOrder.length,
      name,
      op: 'StreamMatMul',
      gathered: false,
      head: false,
      kind: weightKind(header.path, first),
      rows: sources.reduce((sum, source) => sum + source.rows, 0),
      columns: first.dimensions[0] as number,
      tensors: sources,
      arrangement: 'concatenated',
      ...options,
    };
    inOrder.push(chunk);
    return chunk;
  };

  const { experts } = outline.config;
  const layers = outline.layers.map((tensors, layer): LayerChunks => {
    const name = (part: string) => `layer ${layer} ${part}`;
    const { q, k, v } = tensors;
    return {
      qkv: sameKind(q, k, v)
        ? [add(name('qkv'), [q, k, v])]
        : [add(name('q'), [q]), add(name('k'), [k]), add(name('v'), [v])],
      attentionOutput: add(name('attn_output'), [tensors.attentionOutput]),
      router: tensors.router && add(name('router'), [tensors.router]),
      sharedGateUp:
        tensors.sharedGate &&
        tensors.sharedUp &&
        add(name('shared gate_up'), together(header, tensors.sharedGate, tensors.sharedUp), alternating),
      sharedDown: tensors.sharedDown && add(name('shared down'), [tensors.sharedDown]),
      gateUp: experts
        ? [add(name('gate_up'), together(header, tensors.gate, tensors.up), { ...alternating, experts: experts.count })]
        : addGateUp(add, name, tensors),
      down: add(name('down'), [tensors.down], experts ? { experts: experts.count } : {}),
    };
  });
  const { tiedHead } = outline.config;
  const head = add('output head', [outline.head], { head: true, gathered: tiedHead });
  const embedding = tiedHead ? head : add('embedding', [outline.embedding], { op: 'GatherRows', gathered: true });
  return { layers, head, embedding, inOrder };
}

function addGateUp(
  add: (name: string, tensors: GgufTensor[], options?: { arrangement: ChunkSpec['arrangement'] }) => ChunkSpec,
  name: (part: string) => string,
  { gate, up }: LayerTensors,
): ChunkSpec[] {
  if (sameKind(gate, up) && (gate.dimensions[1] as number) % rowsPerBlock === 0) {
    return [add(name('gate_up'), [gate, up], alternating)];
  }
  return [add(name('gate'), [gate]), add(name('up'), [up])];
}

/** Where experts are, gate and up cannot be chunks of their own. */
function together(header: GgufHeader, gate: GgufTensor, up: GgufTensor): GgufTensor[] {
  if (sameKind(gate, up) && (gate.dimensions[1] as number) % rowsPerBlock === 0) return [gate, up];
  throw new ModelError(
    'UNSUPPORTED_TYPE',
    `${header.path}: ${gate.name} is ${gate.type.name} and ${up.name} ${up.type.name}; in mixtures of experts they have to be of one type, and of multiples of ${rowsPerBlock} rows`,
  );
}

const sameKind = (...tensors: GgufTensor[]) => tensors.every((tensor) => tensor.type === tensors[0]?.type);

function tensorBytes({ name, offset, bytes, dimensions, source }: GgufTensor): TensorBytes {
  const rows = dimensions[1] as number;
  if (source === undefined) return { name, offset, bytes, rows };
  return { name, file: source.file, offset, bytes, rows, ...(source.form === null ? {} : { form: source.form }) };
}
