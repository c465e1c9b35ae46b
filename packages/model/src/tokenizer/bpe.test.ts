// The heap against merging as the definition reads: find the lowest rank, merge its leftmost pair, again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BytePairMerger } from './bpe.ts';
import { compileTokenizer } from './compile.ts';
import { readTokenizer, type TokenizerTables } from './format.ts';
import { Random } from './testing/random.ts';
import { smallVocabulary } from './testing/vocabulary.ts';

function mergeByDefinition(tables: TokenizerTables, bytes: Uint8Array): number[] {
  const merges = new Map<string, { rank: number; result: number }>();
  for (let left = 0; left < tables.types.length; left++) {
    for (let i = tables.mergeStart[left] as number; i < (tables.mergeStart[left + 1] as number); i++) {
      const rank = tables.mergeRank[i] as number;
      merges.set(`${left},${tables.mergeRight[i]}`, { rank, result: tables.mergeResult[i] as number });
    }
  }
  const ids = Array.from(bytes, (byte) => tables.byteTokens[byte] as number);
  for (;;) {
    let best = { rank: Number.POSITIVE_INFINITY, result: -1, at: -1 };
    for (let at = 0; at + 1 < ids.length; at++) {
      const merge = merges.get(`${ids[at]},${ids[at + 1]}`);
      if (merge !== undefined && merge.rank < best.rank) best = { ...merge, at };
    }
    if (best.at < 0) return ids;
    ids.splice(best.at, 2, best.result);
  }
}

function mergeBytes(merger: BytePairMerger, tables: TokenizerTables, bytes: number[], out: number[]): void {
  const symbols = merger.symbols(bytes.length);
  for (const [i, byte] of bytes.entries()) symbols[i] = tables.byteTokens[byte] as number;
  merger.merge(bytes.length, out, () => assert.fail('every byte has a token'));
}

test('merges as defined, for words of any length', () => {
  const tables = readTokenizer(compileTokenizer(smallVocabulary()));
  const merger = new BytePairMerger(tables);
  const random = new Random(6);
  for (let round = 0; round < 2000; round++) {
    // Pieces of tokens make words in which much merges, in many ways.
    const bytes: number[] = [];
    for (let pieces = 1 + random.below(8); pieces > 0; pieces--) {
      const id = random.below(tables.types.length);
      const token = tables.text.subarray(tables.textStart[id], tables.textStart[id + 1]);
      bytes.push(...token.subarray(random.below(2)));
    }
    const out: number[] = [];
    mergeBytes(merger, tables, bytes, out);
    assert.deepEqual(out, mergeByDefinition(tables, Uint8Array.from(bytes)));
  }
});

test('merges that yield one of their own parts come to an end', () => {
  const tables = readTokenizer(compileTokenizer(smallVocabulary()));
  const a = tables.byteTokens[0x61] as number;
  const start = tables.mergeStart.map((_, id) => (id > a ? 2 : 0));
  const circular = {
    ...tables,
    mergeStart: start,
    mergeRight: Uint32Array.of(a, a + 1),
    mergeRank: Uint32Array.of(0, 0),
    mergeResult: Uint32Array.of(a, a),
  };
  const out: number[] = [];
  mergeBytes(new BytePairMerger(circular), circular, new Array(5000).fill(0x61), out);
  assert.deepEqual(out, [a]);
});
