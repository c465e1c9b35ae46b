// Models and adapters: GGUF, folders of safetensors, ONNX, LoRA adapters.
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  inspectModel,
  type ModelConfig,
  type ModelSummary,
  readGgufHeader,
  readSafetensorsHeader,
  type SafetensorsTensor,
} from '@flash-slim/model';
import { inspectOnnx } from '@flash-slim/model/onnx';
import { formatBytes } from '@flash-slim/plan';
import { CliError } from '../errors.ts';
import { type Inspection, sumBy } from './inspection.ts';

/** Whether this program can run it, in a word or a sentence. */
function usable(path: string): { summary: ModelSummary | null; why: string } {
  try {
    return { summary: inspectModel(path), why: 'yes' };
  } catch (error) {
    return { summary: null, why: `no: ${(error as Error).message}` };
  }
}

const expertFacts = ({ experts }: ModelConfig): Inspection['facts'] => {
  if (experts === undefined) return [];
  const shared = experts.sharedFeedForwardSize > 0 ? `, one for all of ${experts.sharedFeedForwardSize}` : '';
  return [['experts', `${experts.count} of ${experts.feedForwardSize}, ${experts.used} a token${shared}`]];
};

export const configFacts = (config: ModelConfig): Inspection['facts'] => [
  ['architecture', config.architecture],
  ['name', config.name],
  ['layers', config.layers],
  ['width', `${config.hiddenSize}, feed-forward ${config.feedForwardSize}`],
  ...expertFacts(config),
  ['heads', `${config.heads} of ${config.headSize}, ${config.kvHeads} for keys and values`],
  ['vocabulary', `${config.vocabularySize}${config.tiedHead ? ', head tied to the embedding' : ''}`],
  ['context', `${config.maxContextLength} tokens`],
];

const chunkBytes = (summary: ModelSummary) =>
  summary.chunks.flatMap((chunk) => chunk.tensors).reduce((sum, { bytes }) => sum + bytes, 0);

export function inspectGguf(path: string): Inspection {
  const header = readGgufHeader(path);
  const { summary, why } = usable(path);
  const tensors = [...header.tensors.values()];
  const template = header.metadata.get('tokenizer.chat_template');
  const facts: Inspection['facts'] = [
    ['size', formatBytes(header.fileBytes)],
    ['version', `GGUF ${header.version}`],
    ...(summary === null
      ? ([['architecture', String(header.metadata.get('general.architecture') ?? 'not said')]] as Inspection['facts'])
      : configFacts(summary.config)),
    ['tokenizer', String(header.metadata.get('tokenizer.ggml.model') ?? 'none')],
    ['chat template', typeof template === 'string' ? 'yes' : 'no'],
    ['streamed weights', summary && `${formatBytes(chunkBytes(summary))} in ${summary.chunks.length} chunks`],
    ['runs here', why],
  ];
  return {
    kind: 'GGUF model',
    facts,
    tables: [
      {
        title: `${tensors.length} tensors`,
        head: ['type', 'tensors', 'bytes'],
        rows: sumBy(
          tensors,
          ({ type }) => type.name,
          ({ bytes }) => bytes,
        ),
      },
    ],
    checked: 'every key and value reads, every tensor lies inside the file, aligned and apart from the others',
    value: {
      bytes: header.fileBytes,
      version: header.version,
      config: summary?.config ?? null,
      runs: summary !== null,
      reason: summary === null ? why.slice('no: '.length) : null,
      header_digest: header.digest,
      tensors: tensors.map(({ name, type, dimensions, offset, bytes }) => ({
        name,
        type: type.name,
        dimensions,
        offset,
        bytes,
      })),
    },
  };
}

export function inspectFolder(path: string): Inspection {
  const summary = inspectModel(path);
  return {
    kind: 'folder of safetensors',
    facts: [
      ['size', formatBytes(summary.fileBytes)],
      ...configFacts(summary.config),
      ['streamed weights', `${summary.chunks.length} chunks`],
    ],
    tables: [
      {
        title: 'weights, as they are used',
        head: ['becomes', 'chunks', 'bytes in the files'],
        rows: sumBy(
          summary.chunks,
          ({ kind }) => kind,
          ({ tensors }) => tensors.reduce((sum, { bytes }) => sum + bytes, 0),
        ),
      },
    ],
    checked: 'config.json names a known architecture, every tensor of it is there, inside its file, in its shape',
    value: {
      bytes: summary.fileBytes,
      config: summary.config,
      chunks: summary.chunks,
      header_digest: summary.headerDigest,
    },
  };
}

const tensorRow = ({ name, dtype, shape, bytes }: SafetensorsTensor) => [
  name,
  dtype,
  `[${shape.join(', ')}]`,
  formatBytes(bytes),
];

export function inspectSafetensors(path: string): Inspection {
  const header = readSafetensorsHeader(path);
  const tensors = [...header.tensors.values()];
  return {
    kind: 'safetensors file',
    facts: [
      ['size', formatBytes(header.fileBytes)],
      ...[...header.metadata]
        .slice(0, 10)
        .map(([key, value]): Inspection['facts'][number] => [key, value.slice(0, 100)]),
    ],
    tables: [
      { title: `${tensors.length} tensors`, head: ['tensor', 'type', 'shape', 'bytes'], rows: tensors.map(tensorRow) },
    ],
    checked: 'every tensor lies inside the file, as long as its shape makes it, apart from the others',
    value: { bytes: header.fileBytes, metadata: Object.fromEntries(header.metadata), tensors },
  };
}

const maxConfigBytes = 1 << 20;

export function inspectAdapter(path: string): Inspection {
  const configPath = join(path, 'adapter_config.json');
  const config = readJson(configPath);
  const file = join(path, 'adapter_model.safetensors');
  if (statSync(file, { throwIfNoEntry: false }) === undefined)
    throw new CliError(
      'MODEL_INVALID',
      `${path} has adapter_config.json but no adapter_model.safetensors: fetch it too`,
    );
  const header = readSafetensorsHeader(file);
  const pairs = adapterPairs(header.tensors, file);
  const parameters = [...header.tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return {
    kind: 'LoRA adapter',
    facts: [
      ['size', formatBytes(header.fileBytes)],
      ['made for', typeof config.base_model_name_or_path === 'string' ? config.base_model_name_or_path : null],
      ['method', typeof config.peft_type === 'string' ? config.peft_type : null],
      ['rank', typeof config.r === 'number' ? config.r : null],
      ['alpha', typeof config.lora_alpha === 'number' ? config.lora_alpha : null],
      ['parameters', parameters],
    ],
    tables: [
      {
        title: `${pairs.length} adapted weights`,
        head: ['weight', 'rank', 'in', 'out'],
        rows: pairs.map(({ name, rank, columns, rows }) => [name, `${rank}`, `${columns}`, `${rows}`]),
      },
    ],
    checked: 'every A has its B of the same rank, and all tensors lie inside the file',
    value: { bytes: header.fileBytes, config, pairs },
  };
}

/** PEFT's names: NAME.lora_A.weight [rank, in] and NAME.lora_B.weight [out, rank]. */
function adapterPairs(tensors: ReadonlyMap<string, SafetensorsTensor>, file: string) {
  return [...tensors.values()]
    .filter(({ name }) => /\.lora_A(\.\w+)?\.weight$/.test(name))
    .map((a) => {
      const b = tensors.get(a.name.replace('.lora_A', '.lora_B'));
      const [rank = 0, columns = 0] = a.shape;
      if (b === undefined || b.shape.length !== 2 || a.shape.length !== 2 || b.shape[1] !== rank) {
        const found = b === undefined ? 'no B' : `a B of [${b.shape.join(', ')}]`;
        throw new CliError('MODEL_INVALID', `${file}: ${a.name} [${a.shape.join(', ')}] has ${found}; fetch it again`);
      }
      return {
        name: a.name.replace(/\.lora_A.*$/, '').replace(/^base_model\.model\./, ''),
        rank,
        columns,
        rows: b.shape[0] as number,
      };
    });
}

function readJson(path: string): Record<string, unknown> {
  if (statSync(path).size > maxConfigBytes) throw new CliError('MODEL_INVALID', `${path} is larger than any such file`);
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Error('it holds no object');
  } catch (cause) {
    throw new CliError('MODEL_INVALID', `${path} is no usable JSON: ${(cause as Error).message}`, { cause });
  }
}

export function inspectOnnxFile(path: string): Inspection {
  const summary = inspectOnnx(path);
  return {
    kind: 'ONNX model',
    facts: [
      ['size', formatBytes(summary.fileBytes)],
      ['made by', summary.producer],
      ['operator sets', summary.opsets.join(', ')],
      ['nodes', summary.nodes],
      ['initializers', summary.initializers],
    ],
    tables: [
      {
        title: 'weights beside it',
        head: ['file', 'weights', 'size'],
        rows: summary.externalFiles.map(({ path, bytes, fileBytes }) => [
          basename(path),
          formatBytes(bytes),
          formatBytes(fileBytes),
        ]),
      },
      {
        title: 'operators',
        head: ['operator', 'nodes'],
        rows: summary.operators.map(([name, count]) => [name, String(count)]),
      },
    ],
    checked: 'the graph reads, and every weight beside it lies inside its file',
    value: summary,
  };
}
