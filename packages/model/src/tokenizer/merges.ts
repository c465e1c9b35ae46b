// The merges of a vocabulary as the tables that bpe.ts searches: sorted by left token, then right token.
import { ByteStringIndex, type ByteStrings } from './byte-strings.ts';
import { maxMerges } from './format.ts';
import { invalidTokenizer } from './metadata.ts';

const space = 0x20;
/** Sum of the squares of all tokens' bytes; real vocabularies have some ten millions. */
const mostWork = 2 ** 30;

/** Merge i is of text[bounds[4i]] to text[bounds[4i + 1]] and text[bounds[4i + 2]] to text[bounds[4i + 3]]. */
export interface MergePairs {
  text: Uint8Array;
  bounds: Uint32Array;
}

/** Writes what text[start] to text[end] spells to out[at] and on; returns how many bytes, at most as many, or -1. */
export type Spelling = (text: Uint8Array, start: number, end: number, out: Uint8Array, at: number) => number;

export interface MergeTables {
  mergeStart: Uint32Array;
  mergeRight: Uint32Array;
  mergeRank: Uint32Array;
  mergeResult: Uint32Array;
}

/** @param merges "left right" each */
export function splitMerges({ text, starts }: ByteStrings): MergePairs {
  const bounds = new Uint32Array(4 * (starts.length - 1));
  for (let i = 0; i + 1 < starts.length; i++) {
    const start = starts[i] as number;
    const end = starts[i + 1] as number;
    // The left token is never empty, so a space in front is not the separator.
    const found = text.subarray(0, end).indexOf(space, start + 1);
    const separator = found < 0 ? end : found;
    bounds.set([start, separator, Math.min(separator + 1, end), end], 4 * i);
  }
  return { text, bounds };
}

/**
 * @param merges in order of rank
 * @param tokens finds a token by its bytes. By bytes and not by spelling, since converters write user-defined tokens in
 *   plain text but leave the merges that mention them alone.
 */
export function mergeTables(
  { text, bounds }: MergePairs,
  spell: Spelling,
  tokens: ByteStringIndex,
  vocabulary: number,
): MergeTables {
  const count = bounds.length / 4;
  checkCount(count);
  const merges = { left: new Uint32Array(count), right: new Uint32Array(count), result: new Uint32Array(count) };
  let bytes = new Uint8Array(256);
  for (let rank = 0; rank < count; rank++) {
    const [start, middle, next, end] = bounds.subarray(4 * rank, 4 * rank + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    if (end - start > bytes.length) bytes = new Uint8Array(end - start);
    const leftLength = start < middle ? spell(text, start, middle, bytes, 0) : -1;
    const rightLength = leftLength < 0 || next === end ? -1 : spell(text, next, end, bytes, leftLength);
    const length = leftLength + rightLength;
    const found =
      rightLength < 0
        ? [-1]
        : [tokens.find(bytes, 0, leftLength), tokens.find(bytes, leftLength, length), tokens.find(bytes, 0, length)];
    if (found.includes(-1)) {
      const shown = new TextDecoder().decode(text.subarray(start, Math.min(end, start + 64)));
      throw invalidTokenizer(`merge ${rank}, "${shown}", is not of two tokens into a third of the vocabulary`);
    }
    [merges.left[rank], merges.right[rank], merges.result[rank]] = found as [number, number, number];
  }
  return sorted(merges, (rank) => rank, vocabulary);
}

/**
 * The merges that are meant where a vocabulary has scores (or ranks) instead: any two neighbours merge whose bytes
 * together are a token, the highest score first. A token with a character that is none by itself is never merged;
 * vocabularies have a token for each character that they use.
 * @param ordinary the tokens that merging yields, in any order
 * @param characters whether tokens are cut between characters only, or between any two bytes
 */
export function mergesByScore(
  tokens: ByteStrings,
  ordinary: readonly number[],
  score: (id: number) => number,
  characters: boolean,
): MergeTables {
  const { text, starts } = tokens;
  const index = new ByteStringIndex(tokens);
  for (const id of ordinary) index.add(id);
  const left: number[] = [];
  const right: number[] = [];
  const result: number[] = [];
  let work = 0;
  for (const id of ordinary) {
    const start = starts[id] as number;
    const end = starts[id + 1] as number;
    // Each way to cut a token is looked up; a file of a few very long ones must not take hours.
    work += (end - start) ** 2;
    if (work > mostWork) throw invalidTokenizer(`its tokens are too long (token ${id} has ${end - start} bytes)`);
    for (let middle = start + 1; middle < end; middle++) {
      if (characters && ((text[middle] as number) & 0xc0) === 0x80) continue;
      const first = index.find(text, start, middle);
      const second = first < 0 ? -1 : index.find(text, middle, end);
      if (second < 0) continue;
      left.push(first);
      right.push(second);
      result.push(id);
    }
    checkCount(left.length);
  }
  // Equal scores are equal ranks, as then the leftmost pair goes first.
  const scores = new Float64Array(new Set(Float64Array.from(ordinary, score))).sort().reverse();
  const rankOf = new Map(Array.from(scores, (value, rank) => [value, rank]));
  return sorted({ left, right, result }, (merge) => rankOf.get(score(result[merge] as number)) ?? 0, starts.length - 1);
}

interface Merges {
  left: ArrayLike<number>;
  right: ArrayLike<number>;
  result: ArrayLike<number>;
}

function sorted({ left, right, result }: Merges, rankOf: (merge: number) => number, vocabulary: number): MergeTables {
  const count = left.length;
  const mergeStart = new Uint32Array(vocabulary + 1);
  for (let merge = 0; merge < count; merge++) (mergeStart[(left[merge] as number) + 1] as number)++;
  for (let id = 0; id < vocabulary; id++) (mergeStart[id + 1] as number) += mergeStart[id] as number;

  // Into the buckets of their left tokens, then each bucket by right token and order.
  const keys = new Float64Array(count);
  const filled = mergeStart.slice();
  for (let merge = 0; merge < count; merge++) {
    keys[(filled[left[merge] as number] as number)++] = (right[merge] as number) * maxMerges + merge;
  }
  for (let id = 0; id < vocabulary; id++) keys.subarray(mergeStart[id], mergeStart[id + 1]).sort();
  const order = Uint32Array.from(keys, (key) => key % maxMerges);
  return {
    mergeStart,
    mergeRank: order.map(rankOf),
    mergeRight: order.map((merge) => right[merge] as number),
    mergeResult: order.map((merge) => result[merge] as number),
  };
}

function checkCount(count: number): void {
  if (count > maxMerges) throw invalidTokenizer(`it has ${count} merges, more than the ${maxMerges} there can be`);
}
