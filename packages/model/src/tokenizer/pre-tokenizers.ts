// How each pre-tokenizer cuts text into the words that merging works on, under the names that GGUF files use
// (tokenizer.ggml.pre). A pre-tokenizer is a list of expressions: each cuts the pieces that the one before it left, at
// its matches; what lies between two matches is a piece too.
//
// The expressions are those of the models' own tokenizer.json files, with these departures:
// - \s and \S stand for Unicode's White_Space, as in the Rust original; JavaScript's \s knows no U+0085 and adds U+FEFF.
// - (?i:'s|...) is spelled out, as Node 22 has no such groups; ſ folds to s there as well.
// - Each is linear in the text's length, for any text: a run of n characters is not scanned again from each of its
//   positions. That is why names whose expressions look ahead over whole runs of digits (superbpe, tiny_aya) are not
//   here; nor are those that need more than expressions (kimi-k2, afmoe).
import { TokenizerError } from './error.ts';

interface PreTokenizer {
  /** As the expressions are written here, \s and \S included. */
  patterns: readonly string[];
  /** What holds for models of this kind where the file does not say. */
  addBos?: boolean;
  ignoreMerges?: boolean;
}

const contraction = "(?:'[sSſ]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const whitespace = String.raw`\s*[\r\n]+|\s+(?!\S)|\s+`;
const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const words = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`;
const symbols = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`;
const llama3 = String.raw`${contraction}|${words}|\p{N}{1,3}|${symbols}|${whitespace}`;
const qwen2 = String.raw`${contraction}|${words}|\p{N}|${symbols}|${whitespace}`;

// Words of the o200k family: capitals, then small letters, so that "camelCase" is two.
const upper = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const lower = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const casedWords = (suffix: string) =>
  String.raw`[^\r\n\p{L}\p{N}]?${upper}*${lower}+${suffix}|[^\r\n\p{L}\p{N}]?${upper}+${lower}*${suffix}`;
const o200k = (suffix: string, digits: string) =>
  String.raw`${casedWords(suffix)}|${digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|${whitespace}`;

const japaneseAndHan = String.raw`[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+`;
const hanAndHangul = String.raw`[\u0800-\u9fa5\uac00-\ud7ff]+`;
const deepseek3Words = String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_\x60{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|${whitespace}`;
const bloom = String.raw` ?[^(\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+`;

/** Letters that have case, as deepseek-llm lists them. */
const casedLetters =
  String.raw`A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373` +
  String.raw`\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f` +
  String.raw`\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77` +
  String.raw`\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d` +
  String.raw`\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb` +
  String.raw`\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128` +
  String.raw`\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4` +
  String.raw`\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf` +
  String.raw`\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\u{10400}-\u{1044f}\u{104b0}-\u{104d3}` +
  String.raw`\u{104d8}-\u{104fb}\u{10c80}-\u{10cb2}\u{10cc0}-\u{10cf2}\u{118a0}-\u{118df}\u{1e900}-\u{1e943}`;

const kinds = {
  default: {
    patterns: [String.raw`[\p{P}\$\+<=>\^~\|]+`, gpt2, String.raw`\p{N}+`, '[0-9][0-9][0-9]'],
  },
  gpt2: { patterns: [gpt2] },
  digitsThenGpt2: { patterns: [String.raw`\p{N}`, gpt2] },
  falcon: { patterns: [String.raw`[\p{P}\$\+<=>\^~\|\x60]+`, gpt2, '[0-9][0-9][0-9]'] },
  llama3: { patterns: [llama3], addBos: true, ignoreMerges: true },
  llama3Words: { patterns: [llama3] },
  glm4: { patterns: [llama3], ignoreMerges: true },
  minicpm5: {
    patterns: [String.raw`\p{N}{1,3}`, String.raw`${contraction}|${words}|\p{N}+|${symbols}|${whitespace}`],
    ignoreMerges: true,
  },
  jais2: {
    patterns: [
      String.raw`${contraction}|${words}|\p{N}{1,3}|${symbols}|\s*[\r\n]+|${[512, 256, 128, 64, 32, 16, 8, 4, '1,2']
        .map((count) => String.raw`\s{${count}}(?!\S)`)
        .join('|')}|\s`,
    ],
  },
  qwen2: { patterns: [qwen2] },
  qwen35: {
    patterns: [
      String.raw`${contraction}|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|${whitespace}`,
    ],
  },
  ufakzeka: { patterns: [String.raw`${words}|\p{N}|${symbols}|${whitespace}`] },
  bailingmoe: {
    patterns: [
      String.raw`'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|${words}|\p{N}|${symbols}|\s*[\r\n]|\s+(?!\S)|\s+`,
    ],
  },
  seedCoder: {
    patterns: [String.raw`${contraction}|${words}|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|${whitespace}`],
  },
  tekken: { patterns: [o200k('', String.raw`\p{N}`)], addBos: true, ignoreMerges: true },
  gpt4o: { patterns: [o200k(`${contraction}?`, String.raw`\p{N}{1,3}`)] },
  youtu: {
    patterns: [
      String.raw`[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+|${japaneseAndHan}`,
      o200k(`${contraction}?`, String.raw`\p{N}`),
    ],
    ignoreMerges: true,
  },
  deepseekLlm: {
    patterns: [
      String.raw`[\r\n]`,
      String.raw`\s?[${casedLetters}]+`,
      String.raw`\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+`,
      // The lookbehind starts a match only where a run of spaces starts; without it, quadratic.
      String.raw`(?<!\s)\s+$`,
      hanAndHangul,
      String.raw`\p{N}+`,
    ],
  },
  deepseekCoder: {
    patterns: [String.raw`[\r\n]`, String.raw`\s?\p{L}+`, String.raw`\s?\p{P}+`, hanAndHangul, String.raw`\p{N}`],
  },
  deepseek3: { patterns: [String.raw`\p{N}{1,3}`, japaneseAndHan, deepseek3Words] },
  // With cl100k's end: white space at the end of the text is one word, line breaks in it or not.
  cl100k: {
    patterns: [
      String.raw`'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|${words}|\p{N}{1,3}|${symbols}|(?<!\s)\s+$|\s*[\r\n]|\s+(?!\S)|\s`,
    ],
  },
  bloom: { patterns: [bloom] },
  viking: { patterns: [bloom, String.raw`\p{N}`] },
} satisfies Record<string, PreTokenizer>;

const kindOfName: Record<string, keyof typeof kinds> = {
  default: 'default',
  ...named('gpt2', 'gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert'),
  ...named('gpt2', 'jina-v1-en jina-v2-code roberta-bpe mpt olmo jais trillion granite-docling exaone4'),
  ...named('digitsThenGpt2', 'smollm starcoder refact command-r codeshell exaone minerva-7b mellum2'),
  ...named('llama3', 'llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano'),
  ...named('llama3Words', 'dbrx smaug-bpe chatglm-bpe'),
  ...named('glm4', 'glm4 glm5'),
  ...named('qwen2', 'qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 megrez hunyuan solar-open grok-2'),
  ...named('gpt4o', 'gpt-4o llama4 kanana2 talkie minimax-m2'),
  ...named('deepseek3', 'deepseek-v3 hunyuan-dense joyai-llm hy_v4'),
  ...named('bailingmoe', 'bailingmoe bailingmoe2 llada-moe'),
  ...named('bloom', 'bloom poro-chat gpt3-finnish'),
  tekken: 'tekken',
  cl100k: 'cl100k',
  falcon: 'falcon',
  youtu: 'youtu',
  viking: 'viking',
  qwen35: 'qwen35',
  ufakzeka: 'ufakzeka',
  minicpm5: 'minicpm5',
  'jais-2': 'jais2',
  'seed-coder': 'seedCoder',
  'deepseek-llm': 'deepseekLlm',
  'deepseek-coder': 'deepseekCoder',
};

function named(kind: keyof typeof kinds, names: string): Record<string, keyof typeof kinds> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}

export const preTokenizerNames: readonly string[] = Object.keys(kindOfName);

/** @throws TokenizerError UNSUPPORTED_TOKENIZER where the name means nothing to this program. */
export function preTokenizerNamed(name: string): PreTokenizer {
  const kind = Object.hasOwn(kindOfName, name) ? kindOfName[name] : undefined;
  if (kind === undefined) {
    throw new TokenizerError(
      'UNSUPPORTED_TOKENIZER',
      `The model's text is cut into words by "${name.slice(0, 64)}" (tokenizer.ggml.pre), which is not known here, and ` +
        `guessing would give wrong tokens. Known are: ${preTokenizerNames.join(', ')}.`,
    );
  }
  return kinds[kind];
}

/** Patterns of tokenizer.json's own steps beside those of the models above. */
export const stepPatterns = {
  gpt2,
  number: String.raw`\p{N}`,
  numbers: String.raw`\p{N}+`,
  punctuation: String.raw`[\p{P}$+<=>^\x60|~]`,
  punctuations: String.raw`[\p{P}$+<=>^\x60|~]+`,
  whiteSpace: String.raw`\s+`,
} as const;

/** Every pattern a splitter may be asked to use, as written here. */
export const knownPatterns: ReadonlySet<string> = new Set([
  ...Object.values(kinds).flatMap(({ patterns }) => patterns),
  ...Object.values(stepPatterns),
]);

/** The pattern of this list that cuts as `original` does, an expression of a tokenizer.json or of tiktoken; null if none does. */
export function knownPattern(original: string): string | null {
  byCanonical ??= new Map(Array.from(knownPatterns, (pattern) => [canonical(pattern), pattern]));
  return byCanonical.get(canonical(original)) ?? null;
}

let byCanonical: Map<string, string> | undefined;

const spelledOut: [string, string][] = [
  ["(?i:'s|'t|'re|'ve|'m|'ll|'d)", contraction],
  ["'(?i:[sdmt]|ll|ve|re)", "'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])"],
  // Of gpt2, whose \s+(?!\S)|\s+ means the same.
  [String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`, gpt2],
  [String.raw`|\s++$|`, String.raw`|(?<!\s)\s+$|`],
];

/** The same for expressions that differ in escapes, possessive quantifiers (all needless) and groups that ignore case. */
function canonical(pattern: string): string {
  let text = pattern;
  for (const [from, to] of spelledOut) text = text.replaceAll(from, () => to);
  text = text
    .replaceAll(
      /\\u([0-9a-f]{4})|\\u\{([0-9a-f]+)\}|\\x([0-9a-f]{2})/gi,
      (_, ...[four, more, two]: (string | undefined)[]) =>
        String.fromCodePoint(Number.parseInt(four ?? more ?? two ?? '0', 16)),
    )
    .replaceAll('\r', '\\r')
    .replaceAll('\n', '\\n');
  let inClass = false;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (character === '\\') {
      out += character + text.charAt(++i);
      continue;
    }
    if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    const possessive =
      !inClass && character === '+' && /[?*+}]/.test(text.charAt(i - 1)) && text.charAt(i - 2) !== '\\';
    if (!possessive) out += character;
  }
  return out;
}
