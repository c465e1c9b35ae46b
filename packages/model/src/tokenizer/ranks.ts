// Byte-level BPE by ranks alone, tiktoken's form: any two neighbours merge whose bytes together have a rank, the lowest
// first; a word that has a rank is taken whole. Rank files ("<base64 of a token's bytes> <rank>" a line) say nothing
// else, so the rest is known by the number of ranks.
import { assembleTokenizer } from './assemble.ts';
import { packed } from './byte-strings.ts';
import { TokenizerError } from './error.ts';
import { tokenType } from './format.ts';
import { mergesByScore } from './merges.ts';
import { invalidTokenizer } from './metadata.ts';
import type { Pipeline } from './pipeline.ts';

export interface RankEncoding {
  /** A name in pre-tokenizers.ts. */
  preTokenizer?: string;
  pipeline?: Pipeline;
  /** Control tokens by their numbers. */
  specials: ReadonlyMap<number, string>;
  bos: string | null;
  eos: string | null;
  addBos: boolean;
  /** Number of the token with rank 0. */
  firstId?: number;
  /** Tokens in all, those without a text included. */
  vocabulary?: number;
}

const numbered = (first: number, texts: readonly string[]) => new Map(texts.map((text, i) => [first + i, text]));
const series = (name: string, first: number, count: number) =>
  Array.from({ length: count }, (_, i) => `<|${name}${first + i}|>`);

const endOfText = { bos: null, eos: '<|endoftext|>', addBos: false };
/** By the number of ranks in the file. */
const encodings: Record<number, RankEncoding> = {
  // r50k_base and gpt2
  50256: { preTokenizer: 'gpt-2', specials: numbered(50256, ['<|endoftext|>']), ...endOfText },
  // cl100k_base
  100256: {
    preTokenizer: 'cl100k',
    specials: new Map([
      ...numbered(100257, ['<|endoftext|>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>']),
      [100276, '<|endofprompt|>'],
    ]),
    ...endOfText,
  },
  // o200k_base
  199998: {
    preTokenizer: 'gpt-4o',
    specials: new Map([
      [199999, '<|endoftext|>'],
      [200018, '<|endofprompt|>'],
    ]),
    ...endOfText,
  },
  // Llama 3's tokenizer.model
  128000: {
    preTokenizer: 'llama-bpe',
    specials: numbered(128000, [
      '<|begin_of_text|>',
      '<|end_of_text|>',
      ...series('reserved_special_token_', 0, 2),
      '<|finetune_right_pad_id|>',
      '<|step_id|>',
      '<|start_header_id|>',
      '<|end_header_id|>',
      '<|eom_id|>',
      '<|eot_id|>',
      '<|python_tag|>',
      ...series('reserved_special_token_', 2, 245),
    ]),
    bos: '<|begin_of_text|>',
    eos: '<|end_of_text|>',
    addBos: true,
  },
  // Qwen's qwen.tiktoken
  151643: {
    preTokenizer: 'qwen2',
    pipeline: { normalize: [{ type: 'unicode', form: 'NFC' }], split: [] },
    specials: numbered(151643, ['<|endoftext|>', '<|im_start|>', '<|im_end|>', ...series('extra_', 0, 205)]),
    ...endOfText,
  },
};

/** @throws TokenizerError UNSUPPORTED_TOKENIZER, INVALID_TOKENIZER */
export function compileRankFile(bytes: Uint8Array, encoding?: RankEncoding): Uint8Array {
  const ranked = readRankFile(bytes);
  const known = encoding ?? encodings[ranked.length];
  if (known === undefined) {
    throw new TokenizerError(
      'UNSUPPORTED_TOKENIZER',
      `A rank file with ${ranked.length} ranks is of no known encoding (known are those with ` +
        `${Object.keys(encodings).join(', ')}), so how it cuts text is unknown. Use the model's tokenizer.json instead.`,
    );
  }
  return compileRanks(ranked, known);
}

/** @param ranked the bytes of each rank */
export function compileRanks(ranked: readonly Uint8Array[], encoding: RankEncoding): Uint8Array {
  const { specials, firstId = 0 } = encoding;
  const vocabulary = Math.max(
    encoding.vocabulary ?? 0,
    firstId + ranked.length,
    ...Array.from(specials.keys(), (id) => id + 1),
  );
  const texts = new Array<Uint8Array>(vocabulary).fill(new Uint8Array());
  const types = new Uint8Array(vocabulary).fill(tokenType.unused);
  const ordinary = new Uint8Array(vocabulary);
  for (const [rank, bytes] of ranked.entries()) {
    texts[firstId + rank] = bytes;
    types[firstId + rank] = tokenType.normal;
    ordinary[firstId + rank] = 1;
  }
  for (const [id, text] of specials) {
    if (ordinary[id] === 1) throw invalidTokenizer(`token ${id} is both ${text} and a rank`);
    texts[id] = Buffer.from(text);
    types[id] = tokenType.control;
  }
  const tokens = packed(texts);
  const idOf = (wanted: string | null) => [...specials].find(([, text]) => text === wanted)?.[0] ?? null;
  const ids = Array.from(ranked, (_, rank) => firstId + rank);
  return assembleTokenizer({
    kind: 'bytes',
    ...(encoding.preTokenizer === undefined ? {} : { preTokenizer: encoding.preTokenizer }),
    ...(encoding.pipeline === undefined ? {} : { pipeline: encoding.pipeline }),
    addBos: encoding.addBos,
    addEos: false,
    ignoreMerges: true,
    bos: idOf(encoding.bos),
    unk: null,
    pad: null,
    ends: { eos: idOf(encoding.eos), eot: null, eom: null, fimPad: null, fimRep: null, fimSep: null },
    tokens,
    types,
    ordinary,
    merges: mergesByScore(tokens, ids, (id) => -id, false),
  });
}

const line = /^([A-Za-z0-9+/]+={0,2}) (\d{1,9})$/;

/** Whether these bytes begin as a rank file does. */
export function looksLikeRanks(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  return line.test(start.slice(0, Math.max(0, start.search(/\r?\n/))));
}

function readRankFile(bytes: Uint8Array): Uint8Array[] {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const ranked = new Array<Uint8Array | undefined>(lines.length).fill(undefined);
  for (const [index, text] of lines.entries()) {
    const [, base64 = '', rank = ''] = line.exec(text) ?? [];
    // Ranks without gaps: files that lack one are not known.
    if (rank === '' || Number(rank) >= lines.length || ranked[Number(rank)] !== undefined) {
      throw invalidTokenizer(`line ${index + 1}, "${text.slice(0, 64)}", is not a token and a rank of its own`);
    }
    ranked[Number(rank)] = Buffer.from(base64, 'base64');
  }
  return ranked as Uint8Array[];
}
