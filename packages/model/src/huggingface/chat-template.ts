// The chat template of a Hugging Face folder.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, readJsonFile, readText } from '../json-file.ts';

const maxTemplateBytes = 1 << 20;

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

const optionalJson = (directory: string, name: string): JsonObject =>
  existsSync(join(directory, name)) ? readJsonFile(join(directory, name)) : {};
