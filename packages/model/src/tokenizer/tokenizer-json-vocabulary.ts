// The parts of a tokenizer.json: the large ones (model.vocab, model.merges) as packed tables, the rest as values.
import type { ByteStrings } from './byte-strings.ts';
import { JsonScanner } from './json-scanner.ts';
import type { MergePairs } from './merges.ts';
import { invalid, type JsonObject } from './tokenizer-json-values.ts';

/** Ids past what any vocabulary has would make tables of their size. */
export const maxTokens = 1 << 22;

export interface TokenizerJsonParts {
  /** Without its model. */
  file: JsonObject;
  /** Without vocab and merges. */
  model: JsonObject;
  /** In the file's order. */
  pieces: ByteStrings;
  /** Of each piece; null for a list, whose order numbers them. */
  ids: Uint32Array | null;
  /** Of each piece of a list. */
  scores: Float64Array;
  /** Null where there are none. */
  merges: MergePairs | null;
}

/** @throws TokenizerError INVALID_TOKENIZER */
export function scanTokenizerJson(bytes: Uint8Array): TokenizerJsonParts {
  const scanner = new JsonScanner(bytes);
  const parts: TokenizerJsonParts = {
    file: {},
    model: {},
    pieces: new Strings().packed(),
    ids: null,
    scores: new Float64Array(),
    merges: null,
  };
  let modelSeen = false;
  scanner.object((key) => {
    if (key === 'model') {
      modelSeen = true;
      scanner.object((name) => scanModel(scanner, parts, name));
    } else parts.file[key] = scanner.value();
  });
  scanner.end();
  if (!modelSeen) throw invalid('it has no model');
  return parts;
}

function scanModel(scanner: JsonScanner, parts: TokenizerJsonParts, name: string): void {
  if (name === 'vocab') scanVocabulary(scanner, parts);
  else if (name === 'merges') parts.merges = scanMerges(scanner);
  else parts.model[name] = scanner.value();
}

function scanVocabulary(scanner: JsonScanner, parts: TokenizerJsonParts): void {
  const pieces = new Strings();
  if (scanner.atList) {
    const scores: number[] = [];
    scanner.list(() => {
      let field = 0;
      scanner.list(() => {
        if (field === 0) pieces.add(scanner.stringBytes());
        else if (field === 1) scores.push(scanner.number());
        else throw invalid(`model.vocab[${scores.length - 1}] has more than a piece and a score`);
        field++;
      });
      if (field !== 2) throw invalid(`model.vocab[${pieces.count - 1}] has no score`);
    });
    parts.scores = Float64Array.from(scores);
  } else {
    const ids: number[] = [];
    scanner.objectOfBytes((key) => {
      pieces.add(key);
      ids.push(scanner.number());
    });
    const bad = ids.findIndex((id) => !isTokenId(id));
    if (bad >= 0) {
      throw invalid(
        `token "${pieces.text(bad).slice(0, 64)}" has the number ${ids[bad]}, which is none below ${maxTokens}`,
      );
    }
    parts.ids = Uint32Array.from(ids);
  }
  parts.pieces = pieces.packed();
}

export const isTokenId = (id: unknown): id is number =>
  typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < maxTokens;

/** "left right", or [left, right]. */
function scanMerges(scanner: JsonScanner): MergePairs {
  const texts = new Strings();
  const bounds: number[] = [];
  scanner.list(() => {
    const start = texts.bytes;
    if (scanner.atString) {
      const merge = scanner.stringBytes();
      const found = merge.indexOf(0x20, 1);
      const separator = found < 0 ? merge.length : found;
      texts.add(merge);
      bounds.push(start, start + separator, start + Math.min(separator + 1, merge.length), start + merge.length);
      return;
    }
    let parts = 0;
    scanner.list(() => {
      const from = texts.bytes;
      texts.add(scanner.stringBytes());
      bounds.push(from, texts.bytes);
      parts++;
    });
    if (parts !== 2) throw invalid(`model.merges[${bounds.length >> 2}] has ${parts} parts`);
  });
  return { text: texts.packed().text, bounds: Uint32Array.from(bounds) };
}

/** Strings in one piece of memory, growing. */
class Strings {
  #text = new Uint8Array(1 << 12);
  readonly #starts: number[] = [0];
  bytes = 0;

  get count(): number {
    return this.#starts.length - 1;
  }

  add(string: Uint8Array): void {
    if (this.bytes + string.length > this.#text.length) {
      const larger = new Uint8Array(2 * (this.bytes + string.length));
      larger.set(this.#text.subarray(0, this.bytes));
      this.#text = larger;
    }
    this.#text.set(string, this.bytes);
    this.bytes += string.length;
    this.#starts.push(this.bytes);
  }

  text(index: number): string {
    return Buffer.from(this.#text.subarray(this.#starts[index], this.#starts[index + 1])).toString();
  }

  packed(): ByteStrings {
    return { text: this.#text.subarray(0, this.bytes), starts: Uint32Array.from(this.#starts) };
  }
}
