// Byte-pair merging of one word, whose symbols are bytes or characters. The pair with the lowest rank merges first, the leftmost among equals, until no pair
// is left that merges. Symbols form a linked list; a heap holds each pair ever seen, and an entry that a merge has
// outdated is recognized when it comes up (its rank is no longer that of the pair at its position). n symbols take
// n - 1 merges at most and each adds two entries, so a word costs O(n log n): 100 kB without a space is no trap.
import type { TokenizerTables } from './format.ts';

/** Stands for a symbol that the vocabulary has no token for; merges with nothing. */
export const noToken = 0xffffffff;
const positions = 2 ** 31;
/** Longer words get scratch space of their own, which goes with them. */
const keptSymbols = 4096;

interface Scratch {
  ids: Uint32Array;
  previous: Int32Array;
  next: Int32Array;
  /** Rank and result of the pair that starts at this symbol; rank -1 where it does not merge. */
  rank: Int32Array;
  result: Uint32Array;
  /** Binary heap of rank * 2^31 + position: orders by rank, then from left to right. */
  heap: Float64Array;
}

function makeScratch(symbols: number): Scratch {
  return {
    ids: new Uint32Array(symbols),
    previous: new Int32Array(symbols),
    next: new Int32Array(symbols),
    rank: new Int32Array(symbols),
    result: new Uint32Array(symbols),
    heap: new Float64Array(3 * symbols),
  };
}

export class BytePairMerger {
  readonly #tables: TokenizerTables;
  #kept = makeScratch(64);
  #scratch = this.#kept;
  #heapLength = 0;

  constructor(tables: TokenizerTables) {
    this.#tables = tables;
  }

  /** Room for the tokens of a word's symbols, to be filled before `merge`; noToken for a symbol without one. */
  symbols(length: number): Uint32Array {
    this.#scratch = length <= this.#kept.ids.length ? this.#kept : this.#larger(length);
    return this.#scratch.ids;
  }

  /**
   * Appends the tokens of the word whose symbols were filled in. `unknown` is called for each that has no token, in its
   * place, with its position.
   */
  merge(length: number, out: number[], unknown: (symbol: number) => void): void {
    const scratch = this.#scratch;
    const { ids, previous, next, rank, result, heap } = scratch;
    this.#heapLength = 0;
    for (let i = 0; i < length; i++) {
      previous[i] = i - 1;
      next[i] = i + 1 < length ? i + 1 : -1;
    }
    for (let i = 0; i < length; i++) this.#lookUp(scratch, i);

    while (this.#heapLength > 0) {
      const key = this.#pop(heap);
      const left = key % positions;
      if (rank[left] !== (key - left) / positions) continue;
      const right = next[left] as number;
      const after = next[right] as number;
      ids[left] = result[left] as number;
      next[left] = after;
      if (after >= 0) previous[after] = left;
      rank[right] = -1;
      this.#lookUp(scratch, left);
      const before = previous[left] as number;
      if (before >= 0) this.#lookUp(scratch, before);
    }
    for (let i = 0; i >= 0 && i < length; i = next[i] as number) {
      if (ids[i] === noToken) unknown(i);
      else out.push(ids[i] as number);
    }
    this.#scratch = this.#kept;
  }

  #larger(length: number): Scratch {
    const scratch = makeScratch(Math.max(length, 2 * this.#kept.ids.length));
    if (length <= keptSymbols) this.#kept = scratch;
    return scratch;
  }

  /** Finds out how the pair starting at `left` merges, and queues it if it does. */
  #lookUp({ ids, next, rank, result, heap }: Scratch, left: number): void {
    rank[left] = -1;
    const right = next[left] as number;
    const leftId = ids[left] as number;
    if (right < 0 || leftId === noToken) return;
    const rightId = ids[right] as number;
    const { mergeStart, mergeRight, mergeRank, mergeResult } = this.#tables;
    let low = mergeStart[leftId] as number;
    const end = mergeStart[leftId + 1] as number;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((mergeRight[middle] as number) < rightId) low = middle + 1;
      else high = middle;
    }
    if (low === end || mergeRight[low] !== rightId) return;
    rank[left] = mergeRank[low] as number;
    result[left] = mergeResult[low] as number;
    this.#push(heap, (rank[left] as number) * positions + left);
  }

  #push(heap: Float64Array, key: number): void {
    let child = this.#heapLength++;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if ((heap[parent] as number) <= key) break;
      heap[child] = heap[parent] as number;
      child = parent;
    }
    heap[child] = key;
  }

  #pop(heap: Float64Array): number {
    const top = heap[0] as number;
    const key = heap[--this.#heapLength] as number;
    const length = this.#heapLength;
    let parent = 0;
    for (let child = 1; child < length; child = 2 * parent + 1) {
      if (child + 1 < length && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= key) break;
      heap[parent] = heap[child] as number;
      parent = child;
    }
    heap[parent] = key;
    return top;
  }
}
