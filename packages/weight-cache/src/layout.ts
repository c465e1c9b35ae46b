// Where everything lies in a weight cache: a pure function of the imported model.
import type { BlockQuants, ChunkSpec, FloatForm, ImportedModel, TensorBytes, WeightKind } from '@flash-slim/model';
import type { ChunkToWrite, SourceBlocks } from '@flash-slim/native';
import { WeightCacheError } from './error.ts';
import { headerBytes } from './header.ts';
import type { CachedChunk } from './manifest.ts';

export const pageBytes = 4096;
export const alignUp = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes;

/**
 * kernels/layout.h: WeightKind's numbers, the bytes of 8 rows x 32 values (of the K types an eighth of a block), and the
 * values of a block, of which columns are a multiple.
 */
export const kinds: Record<WeightKind, { number: number; blockBytes: number; values: number }> = {
  F32: { number: 0, blockBytes: 1024, values: 32 },
  F16: { number: 1, blockBytes: 512, values: 32 },
  Q8_0: { number: 2, blockBytes: 272, values: 32 },
  Q4_0: { number: 3, blockBytes: 144, values: 32 },
  Q4_1: { number: 4, blockBytes: 160, values: 32 },
  Q4_K: { number: 5, blockBytes: 144, values: 256 },
  Q6_K: { number: 6, blockBytes: 210, values: 256 },
  Q5_K: { number: 7, blockBytes: 176, values: 256 },
  Q5_0: { number: 8, blockBytes: 176, values: 32 },
  Q5_1: { number: 9, blockBytes: 192, values: 32 },
  BF16: { number: 10, blockBytes: 512, values: 32 },
  Q4_N: { number: 11, blockBytes: 160, values: 32 },
  Q4_NZ: { number: 12, blockBytes: 168, values: 32 },
  Q8_N: { number: 13, blockBytes: 288, values: 32 },
  Q8_NZ: { number: 14, blockBytes: 296, values: 32 },
};

/** cache/row_converter.h: SourceForm's numbers, and the bytes of a value. */
const forms: Record<FloatForm, { number: number; valueBytes: number }> = {
  F32: { number: 1, valueBytes: 4 },
  F16: { number: 2, valueBytes: 2 },
  BF16: { number: 3, valueBytes: 2 },
};

const blocksForm = 4;

/** Fine enough for groups of any useful size, coarse enough that a 1B model's manifest stays below 1 MB. */
const unitBytes = 128 << 10;

export interface CacheLayout {
  /** As in the manifest, without the checksums. */
  chunks: CachedChunk[];
  toWrite: ChunkToWrite[];
  /** From the first chunk to the end of the last one's last page. */
  chunkBytes: number;
  tokenizerOffset: number;
  graphOffset: number;
  manifestOffset: number;
}

/** Row blocks of the chunk. Where tensors alternate each fills up its own last row block. */
export function rowBlocksOf(chunk: Pick<ChunkSpec, 'rows' | 'arrangement'>, tensorCount: number): number {
  if (chunk.arrangement === 'concatenated') return Math.ceil(chunk.rows / 8);
  return tensorCount * Math.ceil(chunk.rows / tensorCount / 8);
}

/** Throws WeightCacheError BAD_CHUNK where a weight's numbers disagree, SOURCE_TRUNCATED where it passes the file's end. */
export function layOut(model: ImportedModel): CacheLayout {
  const chunks: CachedChunk[] = [];
  const toWrite: ChunkToWrite[] = [];
  let offset = headerBytes;
  model.chunks.forEach((spec, index) => {
    const chunk = layOutChunk(spec, index, offset);
    checkTensors(spec, model);
    chunks.push(chunk);
    toWrite.push({
      name: chunk.name,
      kind: kinds[chunk.kind].number,
      columns: chunk.columns,
      alternating: chunk.arrangement === 'row-blocks-alternating',
      unitRowBlocks: chunk.unit_row_blocks,
      offset,
      tensors: spec.tensors.map(({ offset, bytes, rows, file = 0, form, blocks }) => ({
        offset,
        bytes,
        rows,
        file,
        form: blocks ? blocksForm : form ? forms[form].number : 0,
        blocks: blocks ? sourceBlocks(blocks) : null,
      })),
    });
    offset = alignUp(offset + chunk.bytes);
  });
  const graphOffset = alignUp(offset + model.tokenizer.byteLength);
  return {
    chunks,
    toWrite,
    chunkBytes: offset - headerBytes,
    tokenizerOffset: offset,
    graphOffset,
    manifestOffset: alignUp(graphOffset + model.graph.byteLength),
  };
}

const sourceBlocks = ({ bits, blockSize, scales, zeroPoints }: BlockQuants): SourceBlocks => ({
  bits,
  blockSize,
  halfScales: scales.form === 'F16',
  hasZeroPoints: zeroPoints !== null,
  scaleFile: scales.file,
  scaleOffset: scales.offset,
  zeroPointFile: zeroPoints?.file ?? 0,
  zeroPointOffset: zeroPoints?.offset ?? 0,
});

/** Of the quants alone where scales lie apart. */
function sourceRowBytes(spec: ChunkSpec, { form, blocks }: TensorBytes): number {
  if (blocks) return Math.ceil(spec.columns / blocks.blockSize) * ((blocks.blockSize * blocks.bits) / 8);
  return form ? spec.columns * forms[form].valueBytes : ((spec.columns / 32) * kinds[spec.kind].blockBytes) / 8;
}

/** So that no size here is larger than the file makes it. */
function checkTensors(spec: ChunkSpec, model: ImportedModel): void {
  for (const tensor of spec.tensors) {
    const { name, offset, bytes, rows } = tensor;
    const rowBytes = sourceRowBytes(spec, tensor);
    const file = model.files[tensor.file ?? 0];
    if (!file) throw new WeightCacheError('BAD_CHUNK', `tensor '${name}': there is no file ${tensor.file}`);
    if (!Number.isSafeInteger(rows) || rows < 1 || bytes !== rows * rowBytes) {
      throw new WeightCacheError('BAD_CHUNK', `tensor '${name}': ${rows} rows of ${rowBytes} bytes are not ${bytes}`);
    }
    if (!(offset >= 0 && offset + bytes <= file.bytes)) {
      throw new WeightCacheError(
        'SOURCE_TRUNCATED',
        `tensor '${name}' lies at bytes ${offset} to ${offset + bytes} of ${file.path}, which has only ` +
          `${file.bytes}; get the model again`,
      );
    }
  }
}

function layOutChunk(spec: ChunkSpec, index: number, offset: number): CachedChunk {
  const bad = (why: string): never => {
    throw new WeightCacheError('BAD_CHUNK', `weight '${spec.name}': ${why}`);
  };
  if (spec.weightsId !== index) bad(`has number ${spec.weightsId} at place ${index} in the order of use`);
  const alternating = spec.arrangement === 'row-blocks-alternating';
  const sum = spec.tensors.reduce((rows, tensor) => rows + tensor.rows, 0);
  if (sum !== spec.rows) bad(`its tensors have ${sum} rows, not ${spec.rows}`);
  if (spec.rows < 1) bad('has no rows');
  if (alternating && (spec.tensors.length !== 2 || spec.gathered)) bad('only pairs of tensors alternate, not gathered');
  if (!(spec.kind in kinds)) bad(`unknown kind ${spec.kind}`);
  const { values } = kinds[spec.kind];
  if (spec.columns % values !== 0 || spec.columns < 1)
    bad(`${spec.columns} columns, which is not a multiple of ${values}`);
  const rowBlockBytes = (spec.columns / 32) * kinds[spec.kind].blockBytes;
  const rowBlocks = rowBlocksOf(spec, spec.tensors.length);
  const together = alternating ? 2 : 1; // a unit must not part gate from up
  const experts = spec.experts ?? 0;
  if (experts > 0 && (spec.gathered || spec.rows % (8 * together * experts) !== 0))
    bad(`${spec.rows} rows of ${experts} experts, which are not whole row blocks`);
  return {
    weights_id: index,
    name: spec.name,
    op: spec.op,
    gathered: spec.gathered,
    head: spec.head,
    kind: spec.kind,
    rows: spec.rows,
    columns: spec.columns,
    offset,
    bytes: rowBlocks * rowBlockBytes,
    row_blocks: rowBlocks,
    row_block_bytes: rowBlockBytes,
    unit_row_blocks: spec.gathered ? 1 : unitRowBlocks(rowBlockBytes, together, experts > 0 ? rowBlocks / experts : 0),
    unit_crc32c: [],
    tensors: spec.tensors.map((tensor) => tensor.name),
    arrangement: spec.arrangement,
    ...(experts > 0 && { experts }),
  };
}

/** About unitBytes; what units have to cover exactly, an expert's row blocks, they divide. */
function unitRowBlocks(rowBlockBytes: number, together: number, expertRowBlocks: number): number {
  const most = Math.max(1, Math.floor(unitBytes / (rowBlockBytes * together)));
  if (expertRowBlocks === 0) return together * most;
  let unit = Math.min(most, expertRowBlocks / together);
  while ((expertRowBlocks / together) % unit !== 0) unit--;
  return together * unit;
}
