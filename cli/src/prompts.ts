// Where prompts come from: --prompt, a text file, or a JSON file of several.
import { readFile } from 'node:fs/promises';
import { CliError, usageError } from './errors.ts';

const mostPromptBytes = 16 << 20;

export async function readPrompts(prompt: string | undefined, file: string | undefined): Promise<string[]> {
  if ((prompt === undefined) === (file === undefined))
    throw usageError(
      prompt === undefined
        ? 'give a prompt with --prompt or --prompt-file'
        : 'give --prompt or --prompt-file, not both',
    );
  if (prompt !== undefined) return [prompt];
  const path = file as string;
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new CliError('FILE_UNREADABLE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  if (bytes.length > mostPromptBytes)
    throw new CliError('FILE_TOO_LARGE', `${path} has ${bytes.length} bytes; 16 MiB are the most`);
  const text = bytes.toString('utf8');
  return path.endsWith('.json') ? parsePrompts(text, path) : [text];
}

/** ["text", ...], [{"prompt": "text"}, ...] or {"prompts": [...]}. */
function parsePrompts(text: string, path: string): string[] {
  const refuse = (why: string): never => {
    throw new CliError('PROMPTS_INVALID', `${path}: ${why}; expected ["text", ...] or [{"prompt": "text"}, ...]`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const list = Array.isArray(value) ? value : (value as { prompts?: unknown } | null)?.prompts;
  if (!Array.isArray(list) || list.length === 0) return refuse('no list of prompts');
  return list.map((entry, index) => {
    const prompt = typeof entry === 'string' ? entry : (entry as { prompt?: unknown } | null)?.prompt;
    return typeof prompt === 'string' ? prompt : refuse(`entry ${index} has no prompt`);
  });
}
