// The tokenizer and the chat template of a Hugging Face folder. tokenizer.json of byte-level BPE models becomes the
// metadata that a GGUF of the model would have; which token ends a generation stands in generation_config.json.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, readJsonFile, readText } from '../json-file.ts';
import { compileTokenizer } from '../tokenizer/compile.ts';
import { TokenizerError } from '../tokenizer/error.ts';

/** Gemma's, with 262k tokens, has 33 MB. */
const maxTokenizerBytes = 128 << 20;
const maxTemplateBytes = 1 << 20;
const type = { normal: 1, control: 3, userDefined: 4 };

/** Throws ModelError, TokenizerError. */
export function compileFolderTokenizer(directory: string): Uint8Array {
  const path = join(directory, 'tokenizer.json');
  if (!existsSync(path)) throw unsupported(`${directory} has no tokenizer.json`);
  const json = readJsonFile(path, maxTokenizerBytes) as TokenizerJson;
  const { model } = json;
  if (model?.type !== 'BPE' || typeof model.vocab !== 'object' || !Array.isArray(model.merges)) {
    throw unsupported(`${path} is of type ${JSON.stringify(model?.type)?.slice(0, 64)}; byte-level BPE is read`);
  }
  if (json.normalizer !== null && json.normalizer !== undefined && json.normalizer.type !== 'NFC') {
    throw unsupported(`${path} normalizes text by ${String(json.normalizer.type).slice(0, 64)}`);
  }
  const tokens: string[] = [];
  const types: number[] = [];
  const put = (id: unknown, text: string, kind: number) => {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) > maxTokenizerBytes) {
      throw unsupported(`${path} gives ${JSON.stringify(text).slice(0, 64)} the number ${id}`);
    }
    tokens[id as number] = text;
    types[id as number] = kind;
  };
  for (const [text, id] of Object.entries(model.vocab)) put(id, text, type.normal);
  for (const added of json.added_tokens ?? [])
    put(added.id, added.content, added.special ? type.control : type.userDefined);
  const named = namedTokens(directory, tokens);
  return compileTokenizer(
    new Map<string, unknown>(
      Object.entries({
        model: 'gpt2',
        pre: preTokenizerName(path, json),
        // Numbers that no token has: unused ones, whose text is never matched.
        tokens: Array.from(tokens, (text, id) => text ?? `[unused ${id}]`),
        token_type: Array.from(types, (kind) => kind ?? 5),
        merges: model.merges.map((merge) => (Array.isArray(merge) ? merge.join(' ') : merge)),
        add_bos_token: beginsWithBos(json, tokens, named.bos_token_id),
        ...named,
      }).map(([key, value]) => [`tokenizer.ggml.${key}`, value]),
    ),
  );
}

/** Jinja source; null where the folder has none. Throws ModelError. */
export function folderChatTemplate(directory: string): string | null {
  const path = join(directory, 'chat_template.jinja');
  if (existsSync(path)) return readText(path, maxTemplateBytes);
  const { chat_template: template } = optionalJson(directory, 'tokenizer_config.json');
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const found = template.find((one) => one?.name === 'default') ?? template[0];
  return typeof found?.template === 'string' ? found.template : null;
}

interface TokenizerJson extends JsonObject {
  model?: { type?: unknown; vocab?: Record<string, unknown>; merges?: (string | string[])[] };
  normalizer?: { type?: unknown } | null;
  pre_tokenizer?: PreTokenizer | null;
  post_processor?: PostProcessor | null;
  added_tokens?: { id: number; content: string; special: boolean }[];
}

interface PreTokenizer {
  type?: string;
  pretokenizers?: PreTokenizer[];
  pattern?: { Regex?: string };
  individual_digits?: boolean;
  use_regex?: boolean;
}

interface PostProcessor {
  type?: string;
  processors?: PostProcessor[];
  single?: { SpecialToken?: { id?: string } }[];
}

const optionalJson = (directory: string, name: string): JsonObject =>
  existsSync(join(directory, name)) ? readJsonFile(join(directory, name)) : {};

function namedTokens(directory: string, tokens: string[]): Record<string, number> {
  const config = optionalJson(directory, 'tokenizer_config.json');
  const idOf = (value: unknown): number => {
    const text = typeof value === 'object' && value !== null ? (value as JsonObject).content : value;
    return typeof text === 'string' ? tokens.indexOf(text) : -1;
  };
  const generation = {
    ...optionalJson(directory, 'config.json'),
    ...optionalJson(directory, 'generation_config.json'),
  };
  const ends = [generation.eos_token_id].flat().filter((id) => Number.isSafeInteger(id)) as number[];
  const [eos = idOf(config.eos_token), eot = -1, eom = -1] = ends;
  const named = {
    bos_token_id: idOf(config.bos_token),
    eos_token_id: eos,
    eot_token_id: eot,
    eom_token_id: eom,
    unknown_token_id: idOf(config.unk_token),
    padding_token_id: idOf(config.pad_token),
  };
  return Object.fromEntries(Object.entries(named).filter(([, id]) => id >= 0));
}

function beginsWithBos(
  { post_processor: processor }: TokenizerJson,
  tokens: string[],
  bos: number | undefined,
): boolean {
  const processors = processor?.type === 'Sequence' ? (processor.processors ?? []) : [processor];
  const first = processors.find((one) => one?.type === 'TemplateProcessing')?.single?.[0]?.SpecialToken?.id;
  return first !== undefined && bos !== undefined && tokens[bos] === first;
}

/** The names that GGUF gives to pre-tokenizers, by what tokenizer.json spells out. */
function preTokenizerName(path: string, { pre_tokenizer: pre }: TokenizerJson): string {
  const steps = pre?.type === 'Sequence' ? (pre.pretokenizers ?? []) : [pre];
  const [first, second] = steps;
  const byWords = (step: typeof first) => step?.type === 'ByteLevel' && step.use_regex !== false;
  if (steps.length === 1 && byWords(first)) return 'gpt-2';
  const isDigits = first?.type === 'Digits' && first.individual_digits === true;
  if (steps.length === 2 && isDigits && byWords(second)) return 'smollm';
  const regex = first?.type === 'Split' && second?.type === 'ByteLevel' ? first.pattern?.Regex : undefined;
  if (steps.length === 2 && second?.use_regex === false && regex?.includes('(?i:')) {
    if (regex.includes('|\\p{N}{1,3}|')) return 'llama-bpe';
    if (regex.includes('|\\p{N}|')) return 'qwen2';
  }
  throw unsupported(`${path} cuts text into words in a way that is not known`);
}

const unsupported = (what: string) =>
  new TokenizerError(
    'UNSUPPORTED_TOKENIZER',
    `${what}; use a model with such a tokenizer, as SmolLM2 and Llama 3 have`,
  );
