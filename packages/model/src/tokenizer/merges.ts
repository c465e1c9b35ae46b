// The merges of a vocabulary as the tables that bpe.ts searches: sorted by left token, then right token.
import { decodeAlphabet } from './byte-alphabet.ts';
import type { ByteStringIndex, ByteStrings } from './byte-strings.ts';
import { maxMerges } from './format.ts';
import { invalidTokenizer } from './metadata.ts';

const space = 0x20;

/**
 * @param merges "left right" each, in order of rank, spelled in the byte alphabet
 * @param tokens finds a token by its bytes. By bytes and not by spelling, since converters write user-defined tokens in
 *   plain text but leave the merges that mention them alone.
 */
export function mergeTables(merges: ByteStrings, tokens: ByteStringIndex, vocabulary: number) {
  const count = merges.starts.length - 1;
  if (count > maxMerges) throw invalidTokenizer(`it has ${count} merges, more than the ${maxMerges} there can be`);
  const left = new Uint32Array(count);
  const right = new Uint32Array(count);
  const result = new Uint32Array(count);
  const mergeStart = new Uint32Array(vocabulary + 1);
  let bytes = new Uint8Array(256);
  for (let rank = 0; rank < count; rank++) {
    const start = merges.starts[rank] as number;
    const end = merges.starts[rank + 1] as number;
    if (end - start > bytes.length) bytes = new Uint8Array(end - start);
    // The left token is never empty, so a space in front is not the separator.
    const separator = merges.text.subarray(0, end).indexOf(space, start + 1);
    const leftLength = separator < 0 ? -1 : decodeAlphabet(merges.text, start, separator, bytes, 0);
    const rightLength = leftLength < 0 ? -1 : decodeAlphabet(merges.text, separator + 1, end, bytes, leftLength);
    const length = leftLength + rightLength;
    const found =
      rightLength < 0
        ? [-1]
        : [tokens.find(bytes, 0, leftLength), tokens.find(bytes, leftLength, length), tokens.find(bytes, 0, length)];
    if (found.includes(-1)) {
      const shown = new TextDecoder().decode(merges.text.subarray(start, Math.min(end, start + 64)));
      throw invalidTokenizer(`merge ${rank}, "${shown}", is not of two tokens into a third of the vocabulary`);
    }
    [left[rank], right[rank], result[rank]] = found as [number, number, number];
    (mergeStart[(left[rank] as number) + 1] as number)++;
  }
  for (let id = 0; id < vocabulary; id++) (mergeStart[id + 1] as number) += mergeStart[id] as number;

  // Into the buckets of their left tokens, then each bucket by right token and rank.
  const keys = new Float64Array(count);
  const filled = mergeStart.slice();
  for (let rank = 0; rank < count; rank++) {
    keys[(filled[left[rank] as number] as number)++] = (right[rank] as number) * maxMerges + rank;
  }
  for (let id = 0; id < vocabulary; id++) keys.subarray(mergeStart[id], mergeStart[id + 1]).sort();
  const mergeRank = Uint32Array.from(keys, (key) => key % maxMerges);
  return {
    mergeStart,
    mergeRank,
    mergeRight: mergeRank.map((rank) => right[rank] as number),
    mergeResult: mergeRank.map((rank) => result[rank] as number),
  };
}
