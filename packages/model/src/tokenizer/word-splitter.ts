// Cuts texts into the words that become tokens one by one, by the steps of a pipeline.
import type { SplitStep } from './pipeline.ts';

type CompiledStep = Exclude<SplitStep, { type: 'pattern' }> | { type: 'pattern'; expression: RegExp; behavior: string };

/** Holds compiled expressions; one at a time, not reentrant. */
export class WordSplitter {
  readonly #steps: readonly CompiledStep[];

  constructor(steps: readonly SplitStep[]) {
    this.#steps = steps.map((step) =>
      step.type === 'pattern' ? { type: 'pattern', expression: compiled(step.pattern), behavior: step.behavior } : step,
    );
  }

  /**
   * Calls `word` with each word of `text` in order; the words joined are the text, but for what steps put in or remove.
   * @param first whether the text is the beginning of all that is encoded
   */
  split(text: string, first: boolean, word: (word: string) => void): void {
    this.#from(0, text, first, word);
  }

  #from(level: number, text: string, first: boolean, word: (word: string) => void): void {
    const step = this.#steps[level];
    if (text === '') return;
    if (step === undefined) {
      word(text);
      return;
    }
    const next = (start: number, end: number) =>
      this.#from(level + 1, text.slice(start, end), first && start === 0, word);
    switch (step.type) {
      case 'pattern':
        this.#atMatches(text, step, next);
        break;
      case 'prefix': {
        const wanted = (first || !step.first) && !text.startsWith(' ');
        this.#from(level + 1, wanted ? ` ${text}` : text, first, word);
        break;
      }
      case 'unescape':
        this.#from(level + 1, text.replaceAll('\u2581', ' '), first, word);
        break;
      case 'spaces':
      case 'runs': {
        let start = 0;
        for (let at = text.indexOf(' ', 1); at >= 0; at = text.indexOf(' ', at + 1)) {
          if (step.type === 'runs' && text.charAt(at - 1) === ' ') continue;
          next(start, at);
          start = at;
        }
        next(start, text.length);
      }
    }
  }

  #atMatches(
    text: string,
    { expression, behavior }: { expression: RegExp; behavior: string },
    next: (start: number, end: number) => void,
  ): void {
    let end = 0;
    expression.lastIndex = 0;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      const { lastIndex } = expression;
      if (match.index > end && behavior !== 'kept') next(end, match.index);
      if (behavior !== 'removed') next(match.index, lastIndex);
      end = lastIndex;
    }
    if (end < text.length && behavior !== 'kept') next(end, text.length);
  }
}

/** \s and \S stand for Unicode's White_Space. */
const compiled = (pattern: string) =>
  new RegExp(pattern.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gu');
