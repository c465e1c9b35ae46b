// SentencePiece's precompiled normalization rules: a double-array trie (Darts-clone's layout) over what is replaced, and
// the replacements.
//
//   [trie bytes u32][trie: u32 units][replacements, UTF-8, each ended by a zero byte]
//
// A unit: bits 0-7 and 31 the label, bit 8 whether a key ends here, bits 9-30 where the children are. The unit of a value
// has bit 31 set and the value, the replacement's offset, below. Nothing in it is believed: an index past the end ends
// the search, a replacement past the end is none.
import { invalidTokenizer } from './metadata.ts';

export interface Replacement {
  /** Bytes of the text that are replaced. */
  length: number;
  text: Uint8Array;
}

export class Charsmap {
  readonly #units: DataView;
  readonly #count: number;
  readonly #replacements: Uint8Array;

  /** @throws TokenizerError INVALID_TOKENIZER */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const trieBytes = bytes.length < 4 ? 0 : view.getUint32(0, true);
    if (trieBytes === 0 || trieBytes % 4 !== 0 || trieBytes > bytes.length - 4) {
      throw invalidTokenizer(`its normalization rules have ${bytes.length} bytes and a trie of ${trieBytes}`);
    }
    this.#units = new DataView(bytes.buffer, bytes.byteOffset + 4, trieBytes);
    this.#count = trieBytes / 4;
    this.#replacements = bytes.subarray(4 + trieBytes);
  }

  /** The rule for the longest (or shortest) beginning of bytes[start] to bytes[end] that has one. */
  match(bytes: Uint8Array, start: number, end: number, shortest = false): Replacement | null {
    let best: Replacement | null = null;
    let node = childrenOf(this.#unit(0));
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      node ^= byte;
      const unit = this.#unit(node);
      if ((unit & 0x800000ff) >>> 0 !== byte) break;
      node ^= childrenOf(unit);
      if ((unit & 0x100) === 0) continue;
      const text = this.#replacement(this.#unit(node) & 0x7fffffff);
      if (text !== null) best = { length: at + 1 - start, text };
      if (shortest && best !== null) break;
    }
    return best;
  }

  /** A unit that no label equals where there is none. */
  #unit(index: number): number {
    return index >= 0 && index < this.#count ? this.#units.getUint32(4 * index, true) : 0x80000000;
  }

  #replacement(offset: number): Uint8Array | null {
    if (offset >= this.#replacements.length) return null;
    const end = this.#replacements.indexOf(0, offset);
    return end < 0 ? null : this.#replacements.subarray(offset, end);
  }
}

/** Relative to the unit's own index, to be xor'ed. */
function childrenOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
