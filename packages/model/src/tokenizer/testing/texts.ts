// Texts in many scripts, made up of pieces that pre-tokenizers treat differently. The same seed gives the same texts.
import { Random } from './random.ts';

type Maker = (random: Random) => string;

const repeated =
  (most: number, maker: Maker): Maker =>
  (random) =>
    Array.from({ length: 1 + random.below(most) }, () => maker(random)).join('');
const anyOf =
  (...ranges: (string | readonly [first: number, last: number])[]): Maker =>
  (random) => {
    const range = random.pick(ranges);
    return typeof range === 'string'
      ? random.pick([...range])
      : String.fromCodePoint(range[0] + random.below(range[1] - range[0] + 1));
  };
const oneOf =
  (...texts: string[]): Maker =>
  (random) =>
    random.pick(texts);

const latin = anyOf('etaoinshrdlu', [0x61, 0x7a], [0x41, 0x5a]);
const words = repeated(9, latin);
const scripts: Record<string, Maker> = {
  latin: words,
  accents: repeated(8, anyOf([0xc0, 0x24f], [0x1e00, 0x1eff], 'éèàçüößñåøæœ')),
  cyrillic: repeated(9, anyOf([0x400, 0x4ff])),
  greek: repeated(9, anyOf([0x391, 0x3a1], [0x3a3, 0x3ce], [0x1f00, 0x1f15])),
  arabic: repeated(8, anyOf([0x620, 0x64a], [0x64b, 0x652], [0x660, 0x669])),
  hebrew: repeated(8, anyOf([0x5d0, 0x5ea], [0x5b0, 0x5bc])),
  devanagari: repeated(8, anyOf([0x904, 0x94d], [0x966, 0x96f])),
  bengali: repeated(8, anyOf([0x985, 0x98c], [0x9be, 0x9c4], [0x9e6, 0x9ef])),
  tamil: repeated(8, anyOf([0xb85, 0xb8a], [0xbbe, 0xbc2])),
  thai: repeated(10, anyOf([0xe01, 0xe3a], [0xe40, 0xe4e])),
  georgian: repeated(8, anyOf([0x10d0, 0x10f0])),
  ethiopic: repeated(6, anyOf([0x1200, 0x1248])),
  han: repeated(8, anyOf([0x4e00, 0x9fa5], [0x20000, 0x2a6d6])),
  kana: repeated(8, anyOf([0x3041, 0x3096], [0x30a1, 0x30fa])),
  hangul: repeated(6, anyOf([0xac00, 0xd7a3], [0x1100, 0x1112], [0x1161, 0x1175])),
  emoji: oneOf('😀', '👩‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', '🇩🇪🇯🇵', '❤️', '1️⃣', '🧑🏿‍🚀', '☺'),
  combining: repeated(6, (random) => latin(random) + repeated(3, anyOf([0x300, 0x36f]))(random)),
  digits: repeated(12, anyOf([0x30, 0x39])),
  otherDigits: repeated(4, anyOf('²³¹½¼Ⅷⅻ①', [0x966, 0x96f], [0xff10, 0xff19], [0x1d7ce, 0x1d7ff])),
  punctuation: repeated(6, anyOf([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e])),
  marks: repeated(3, anyOf('…—–«»„“”‘’¿¡、。！？「」·•©®™€£¥§¶†')),
  symbols: repeated(4, anyOf([0x2190, 0x21ff], [0x2200, 0x22ff], [0x2500, 0x257f])),
  mathematical: repeated(4, anyOf([0x1d400, 0x1d7cb])),
  contraction: oneOf("'s", "'t", "'re", "'VE", "'m", "'LL", "'d", "'S", "'ſ", "don't", "I'M", '’s'),
  control: anyOf([0x00, 0x1f], '\u007f\u00ad\u200b\u200d\u200e\u2060'),
  camel: oneOf('camelCase', 'HTTPServer', 'snake_case', 'ÉcoleÀ', 'iPhone', 'ABCdef', 'ǅabc'),
  code: oneOf(
    'for (let i = 0; i < n; i++) {\n\t',
    '  return x;\n}\n\n',
    '#include <stdio.h>\r\n',
    'a->b',
    '/* // */',
    'λx.x',
  ),
  address: oneOf('https://example.org/a?b=1&c=%20', 'me@example.org', '2026-11-24T10:00:00Z', '1,234.56', '0xFF'),
  special: oneOf('<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|im_', 'end|>', '<|', '|>', '<'),
};
const spaces: Maker = (random) =>
  random.below(3) > 0
    ? ' '
    : random.pick([
        '',
        '  ',
        '    ',
        '\n',
        '\n\n',
        '\r\n',
        '\t',
        '\t\t',
        ' \n ',
        '\u00a0',
        '\u3000',
        ' \u2009',
        '\u2028',
        '   \n\n  ',
        '\v\f',
        '\r\r',
      ]);

/** `count` texts of up to about 80 characters, half in one script, half in mixtures. */
export function manyTexts(count: number, seed: number): string[] {
  const random = new Random(seed);
  const makers = Object.values(scripts);
  return Array.from({ length: count }, (_, index) => {
    const single = makers[index % makers.length] as Maker;
    let text = random.below(4) === 0 ? spaces(random) : '';
    for (let pieces = 1 + random.below(7); pieces > 0; pieces--) {
      const maker = index % 2 === 0 && random.below(4) > 0 ? single : random.pick(makers);
      text += maker(random) + spaces(random);
    }
    return text;
  });
}
