// Damaged files of every kind that is read: a typed error, or a tokenizer that does no harm.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { TokenizerError } from './error.ts';
import { compileTokenizerFile } from './from-file.ts';
import { compileRankFile } from './ranks.ts';
import { compileSentencePiece } from './sentencepiece.ts';
import { Random } from './testing/random.ts';
import { Tokenizer } from './tokenizer.ts';
import { compileTokenizerJson } from './tokenizer-json.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const ranks = { preTokenizer: 'llama-bpe', specials: new Map<number, string>(), bos: null, eos: null, addBos: false };
const kinds: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  'bpe.model': (bytes) => compileSentencePiece(bytes),
  'unigram.model': (bytes) => compileSentencePiece(bytes),
  'llama-2.json': (bytes) => compileTokenizerJson(bytes),
  't5.json': (bytes) => compileTokenizerJson(bytes),
  'llama-3.json': (bytes) => compileTokenizerJson(bytes),
  'ranks.tiktoken': (bytes) => compileRankFile(bytes, ranks),
};

function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = random.below(copy.length);
  switch (random.below(8)) {
    case 0:
      return copy.slice(0, at);
    case 1:
      return copy.copyWithin(at, random.below(copy.length), random.below(copy.length));
    case 2:
    case 3:
      return copy.copyWithin(at, at + random.below(9) - 4, at + random.below(9));
    case 4:
    case 5:
      copy[at] = random.pick([0, 0xff, 0x80, 0x7f, 0x30, 0x39, 0x41, 0x5b, 0x7b, 0x22]);
      return copy;
    default:
      copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
  }
}

describe('damaged', () => {
  for (const [name, compile] of Object.entries(kinds)) {
    test(name, { timeout: 120_000 }, () => {
      const random = new Random(11);
      const sound = fixture(name);
      let refused = 0;
      for (let round = 0; round < 400; round++) {
        try {
          const tokenizer = Tokenizer.fromBytes(compile(damaged(sound, random)));
          for (const text of ['Hello wörld  12', '<s>好</s>\n', 'éㅏ가ＡＢ']) {
            const ids = tokenizer.encode(text, { parseSpecial: true });
            assert.ok(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize));
            tokenizer.decode(ids);
          }
        } catch (error) {
          if (!(error instanceof TokenizerError)) throw error;
          refused++;
        }
      }
      assert.ok(refused > 20 && refused < 380, `${refused} of 400 were refused`);
    });
  }
});

describe('a tokenizer.json that asks for what is not known', () => {
  const file = () => JSON.parse(fixture('llama-3.json').toString());
  const refused = (change: (json: ReturnType<typeof file>) => void, code: string, message: RegExp) => {
    const json = file();
    change(json);
    assert.throws(() => compileTokenizerJson(Buffer.from(JSON.stringify(json))), {
      name: 'TokenizerError',
      code,
      message,
    });
  };

  test('is refused with its name', () => {
    const known = 'UNSUPPORTED_TOKENIZER';
    refused((json) => (json.model.type = 'WordPiece'), known, /"WordPiece"/);
    refused((json) => (json.normalizer = { type: 'BertNormalizer' }), known, /"BertNormalizer"/);
    refused(
      (json) => (json.normalizer = { type: 'Replace', pattern: { Regex: '(a+)+b' }, content: '' }),
      known,
      /replaces/,
    );
    refused((json) => (json.pre_tokenizer.pretokenizers[0].pattern.Regex = '(a+)+$'), known, /\(a\+\)\+\$/);
    refused((json) => (json.pre_tokenizer.pretokenizers[0].behavior = 'MergedWithNext'), known, /MergedWithNext/);
    refused((json) => (json.model.continuing_subword_prefix = '##'), known, /continuing_subword_prefix/);
    refused((json) => (json.post_processor = { type: 'BertProcessing' }), known, /"BertProcessing"/);
  });

  test('or contradicts itself', () => {
    const bad = 'INVALID_TOKENIZER';
    refused((json) => (json.model.vocab.x = -1), bad, /number -1/);
    refused((json) => (json.model.vocab.x = 2 ** 40), bad, /number 1099511627776/);
    refused((json) => json.model.merges.push(['Ġ', 'qqqq']), bad, /is not of two tokens/);
    refused((json) => (json.model.merges = {}), bad, /should be a list, as JSON/);
    refused((json) => (json.added_tokens[0].content = 7), bad, /content should be a string/);
    assert.throws(() => compileTokenizerJson(Buffer.from('{')), { code: bad, message: /as JSON/ });
  });
});

describe('a file or folder', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-tokenizer-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('is told by what is in it', () => {
    const path = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname;
    assert.equal(Tokenizer.fromBytes(compileTokenizerFile(path('bpe.model'))).bosId, 1);
    assert.equal(Tokenizer.fromBytes(compileTokenizerFile(path('t5.json'))).addEos, true);
    assert.throws(() => compileTokenizerFile(path('ranks.tiktoken')), {
      code: 'UNSUPPORTED_TOKENIZER',
      message: /rank file with \d+ ranks is of no known encoding/,
    });
    assert.throws(() => compileTokenizerFile(join(directory, 'none')), { code: 'ENOENT' });
    assert.throws(() => compileTokenizerFile(directory), { code: 'UNSUPPORTED_TOKENIZER', message: /tokenizer\.json/ });
  });

  test('of Mistral: ranks behind a thousand control tokens', () => {
    const lines = fixture('ranks.tiktoken').toString().trim().split('\n');
    const vocab = lines.map((line, rank) => ({ rank, token_bytes: line.split(' ')[0] as string, token_str: null }));
    const pattern = JSON.parse(fixture('llama-3.json').toString()).pre_tokenizer.pretokenizers[0].pattern.Regex;
    const config = { pattern, default_vocab_size: 100 + vocab.length, default_num_special_tokens: 100 };
    const file = join(directory, 'tekken.json');
    writeFileSync(file, JSON.stringify({ config, vocab }));
    const tokenizer = Tokenizer.fromBytes(compileTokenizerFile(directory));
    const byRanks = Tokenizer.fromBytes(compileRankFile(fixture('ranks.tiktoken'), ranks));
    assert.deepEqual([tokenizer.bosId, tokenizer.eosId, tokenizer.addBos], [1, 2, true]);
    const shifted = Array.from(byRanks.encode('Hello wörld  12'), (id) => id + 100);
    assert.deepEqual([...tokenizer.encode('Hello wörld  12')], [1, ...shifted]);
    writeFileSync(file, JSON.stringify({ config: { ...config, default_vocab_size: 2 ** 31 }, vocab }));
    assert.throws(() => compileTokenizerFile(file), { code: 'INVALID_TOKENIZER' });
  });
});
