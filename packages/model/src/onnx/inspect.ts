// What an ONNX file holds and whether its parts are there: operators, weights, and the files beside it that hold them.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { ModelError } from '../model-error.ts';
import { ModelProto, type TensorProto, TensorProto_DataLocation } from './generated/onnx.ts';

export interface OnnxSummary {
  path: string;
  fileBytes: number;
  producer: string;
  /** "ai.onnx 17", by domain. */
  opsets: string[];
  nodes: number;
  /** "com.microsoft.MatMulNBits" -> how often, most frequent first. */
  operators: [name: string, count: number][];
  initializers: number;
  /** Files beside it, and the bytes of weights that lie in each. */
  externalFiles: { path: string; bytes: number; fileBytes: number }[];
}

/** Protobuf itself ends at 2 GB; with weights beside it, a graph has a few MB. */
const maxFileBytes = 512 << 20;

/** Throws ModelError MODEL_UNREADABLE, MODEL_INVALID, MODEL_TRUNCATED (a file of weights is absent or too short). */
export function inspectOnnx(path: string): OnnxSummary {
  const { size } = statSync(path);
  if (size > maxFileBytes) {
    throw new ModelError(
      'MODEL_INVALID',
      `${path} has ${size} bytes; an ONNX file with its weights beside it has at most ${maxFileBytes}: export it with external data`,
    );
  }
  const model = decode(path, readFileSync(path));
  const { graph } = model;
  if (graph === undefined) throw new ModelError('MODEL_INVALID', `${path} has no graph: it is no ONNX model`);
  const counts = new Map<string, number>();
  for (const { domain, opType } of graph.node) {
    const name = domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return {
    path,
    fileBytes: size,
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    opsets: model.opsetImport.map(({ domain, version }) => `${domain || 'ai.onnx'} ${version}`),
    nodes: graph.node.length,
    operators: [...counts].sort((a, b) => b[1] - a[1]),
    initializers: graph.initializer.length,
    externalFiles: externalFiles(path, graph.initializer),
  };
}

function decode(path: string, bytes: Uint8Array): ModelProto {
  try {
    return ModelProto.decode(bytes);
  } catch (cause) {
    throw new ModelError('MODEL_INVALID', `${path} is no ONNX model, or damaged: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function externalFiles(path: string, tensors: TensorProto[]): OnnxSummary['externalFiles'] {
  const directory = resolve(dirname(path));
  const files = new Map<string, { path: string; bytes: number; fileBytes: number }>();
  for (const tensor of tensors) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const entry = (key: string) => tensor.externalData.find((pair) => pair.key === key)?.value;
    const location = resolve(directory, entry('location') ?? '');
    if (!location.startsWith(directory + sep)) {
      throw new ModelError(
        'MODEL_INVALID',
        `${path}: ${tensor.name} lies in '${location}', outside the model's folder`,
      );
    }
    let file = files.get(location);
    if (file === undefined) {
      if (!existsSync(location)) {
        throw new ModelError(
          'MODEL_TRUNCATED',
          `${path}: its weights are in ${location}, which is not there; fetch it too`,
        );
      }
      file = { path: location, bytes: 0, fileBytes: statSync(location).size };
      files.set(location, file);
    }
    const offset = Number(entry('offset') ?? 0);
    const bytes = Number(entry('length') ?? file.fileBytes - offset);
    if (!(offset >= 0 && bytes >= 0 && offset + bytes <= file.fileBytes)) {
      throw new ModelError(
        'MODEL_TRUNCATED',
        `${path}: ${tensor.name} lies at bytes ${offset} to ${offset + bytes} of ${location}, which has ${file.fileBytes}; fetch it again`,
      );
    }
    file.bytes += bytes;
  }
  return [...files.values()];
}
