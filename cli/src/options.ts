// Options that several commands share, and how their words become numbers.
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { usageError } from './errors.ts';

export const integer = (least: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`a whole number from ${least} up.`);
  return value;
};

export const number = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least || value > most)
    throw new InvalidArgumentError(`a number from ${least} to ${most}.`);
  return value;
};

export type QuantizeFlag = 'q4_0' | 'q4_1' | 'q8_0' | 'none';

/** For models that are folders of floats; a GGUF keeps its own bits. */
export const quantizeOption = () =>
  new Option('--quantize <kind>', 'what the weights of a Hugging Face folder become')
    .choices(['q4_0', 'q4_1', 'q8_0', 'none'])
    .default('q8_0');

export interface EngineFlags {
  model?: string;
  quantize: QuantizeFlag;
  weightCachePath?: string;
  numThreads: number;
  contextLength: number;
  kvType: 'f16' | 'f32';
  memoryBudget?: string;
  plan?: string;
  device?: string;
  weightStreaming: 'on' | 'off';
  kernel: string;
  reader: 'auto' | 'io_uring' | 'pread';
}

export function engineOptions(command: Command, contextLength: number): void {
  command
    .option('--model <model>', 'a name from the store, a path or a URL of a GGUF file, or a Hugging Face folder')
    .addOption(quantizeOption())
    .option('--weight-cache-path <file>', 'the weight cache (default: in the store, built when missing)')
    .option('--num-threads <n>', 'compute threads, never more than the cores', integer(1), 4)
    .option('--context-length <n>', 'tokens of prompt and answer together', integer(2), contextLength)
    .addOption(new Option('--kv-type <type>', 'how keys and values are kept').choices(['f16', 'f32']).default('f16'))
    .option('--memory-budget <bytes>', 'the process never holds more, e.g. 180MB (default: the memory limit)')
    .option('--plan <file>', 'a prefetch plan from `flash-slim plan` (default: planned here)')
    .option('--device <file>', 'a device profile from `flash-slim probe` (default: measured once)')
    .addOption(
      new Option('--weight-streaming <mode>', 'off: all weights stay in memory').choices(['on', 'off']).default('on'),
    )
    .option('--kernel <name>', 'auto, reference, avx2, avx512vnni, neon or neondot', 'auto')
    .addOption(
      new Option('--reader <name>', 'how weights are read').choices(['auto', 'io_uring', 'pread']).default('auto'),
    );
}

/** Names of the design this tool follows. */
export const engineAliases = { '--tflite-model': '--model', '--sentencepiece-model': '--tokenizer' };

export function requireModel(flags: EngineFlags): void {
  if (flags.model === undefined && flags.weightCachePath === undefined)
    throw usageError('which model? give --model a name, a path or a URL');
}

export const threadsOf = (flags: Pick<EngineFlags, 'numThreads'>): number =>
  Math.min(flags.numThreads, availableParallelism());
