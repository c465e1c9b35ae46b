// The likeliest sequence of pieces (Viterbi): best[i] is the best way to write the first i bytes, and every piece that
// begins there may make a better one of a later position. A character that is no piece by itself may also be unknown,
// at a price below all pieces. Ties go to the path found first, that is to the longer last piece.
//
// As SentencePiece does it (unigram_model.cc, EncodeOptimized), whose sums are rounded to 32 bits after each step;
// @huggingface/tokenizers keeps 64 bits. The difference decides between paths that are nearly equal.
import type { TokenizerTables } from './format.ts';
import { SortedStrings } from './sorted-strings.ts';

/** Below the least score of a piece. */
const unknownPenalty = 10;
/** SentencePiece starts its sums over past this, as 32 bits would leave nothing of the single scores. */
const largestSum = 100_000;
const unknown = -1;
const keptBytes = 4096;

interface Scratch {
  score: Float64Array;
  /** Where the best last piece begins, and which it is. */
  from: Int32Array;
  piece: Int32Array;
}

const makeScratch = (bytes: number): Scratch => ({
  score: new Float64Array(bytes + 1),
  from: new Int32Array(bytes + 1),
  piece: new Int32Array(bytes + 1),
});

export class UnigramSegmenter {
  readonly #scores: Float64Array;
  readonly #pieces: SortedStrings;
  readonly #unknownScore: number;
  readonly #single: boolean;
  readonly #round: (value: number) => number;
  readonly #kept = makeScratch(keptBytes);

  constructor(tables: TokenizerTables) {
    const { scores, byText, types, singlePrecision } = tables;
    this.#scores = scores;
    this.#pieces = new SortedStrings(tables.text, tables.textStart, byText);
    this.#single = singlePrecision;
    this.#round = singlePrecision ? Math.fround : (value) => value;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < byText.length; i++) {
      const id = byText[i] as number;
      if (types[id] === 1) least = Math.min(least, scores[id] as number);
    }
    this.#unknownScore = this.#round((Number.isFinite(least) ? least : 0) - unknownPenalty);
  }

  /** The pieces of bytes[0] to bytes[length], UTF-8: `piece` with each token, or `unknown` with the bytes of one that is none. */
  segment(
    bytes: Uint8Array,
    length: number,
    piece: (id: number) => void,
    unknownCharacter: (start: number, end: number) => void,
  ): void {
    const scratch = length <= keptBytes ? this.#kept : makeScratch(length);
    const { score, from, piece: pieces } = scratch;
    from.fill(-1, 0, length + 1);
    score[0] = 0;
    let start = 0;
    let whole = 0;
    let wholeIsPiece = false;
    const offer = (end: number, id: number, sum: number) => {
      const candidate = this.#round(sum);
      if (from[end] !== -1 && candidate <= (score[end] as number)) return;
      score[end] = candidate;
      from[end] = start;
      pieces[end] = id;
    };
    const found = (id: number, size: number) => {
      offer(start + size, id, (score[start] as number) + (this.#scores[id] as number));
      if (size === whole) wholeIsPiece = true;
    };
    while (start < length) {
      if (this.#single && Math.abs(score[start] as number) > largestSum) startOver(scratch, start, length);
      whole = characterBytes(bytes, start, length);
      wholeIsPiece = false;
      this.#pieces.prefixes(bytes, start, length, found);
      if (!wholeIsPiece) offer(start + whole, unknown, (score[start] as number) + this.#unknownScore);
      start += whole;
    }
    this.#walkBack(scratch, length, piece, unknownCharacter);
  }

  #walkBack(
    { from, piece: pieces }: Scratch,
    length: number,
    piece: (id: number) => void,
    unknownCharacter: (start: number, end: number) => void,
  ): void {
    const ends: number[] = [];
    for (let end = length; end > 0; end = from[end] as number) ends.push(end);
    for (let i = ends.length - 1; i >= 0; i--) {
      const end = ends[i] as number;
      if (pieces[end] === unknown) unknownCharacter(from[end] as number, end);
      else piece(pieces[end] as number);
    }
  }
}

function startOver({ score, from }: Scratch, start: number, length: number): void {
  const sum = score[start] as number;
  for (let at = start; at <= length; at++) {
    if (at === start || from[at] !== -1) score[at] = Math.fround((score[at] as number) - sum);
  }
}

/** Bytes of the character that begins at `start`, by its first byte; never past `end`. */
export function characterBytes(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] as number;
  const size = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return Math.min(size, end - start);
}
