// What a line that begins with / does in `chat`.
import { rename, rm, writeFile } from 'node:fs/promises';
import type { ChatMessage } from '@flash-slim/model/chat';
import type { Conversation } from './conversation.ts';

export const chatHelp = `/reset      forget what was said
/save FILE  write the conversation: as JSON to a .json file, else as text
/help       this
/exit       leave (so does Ctrl-D; Ctrl-C stops an answer, twice leaves)`;

/** Returns false to leave. `say` tells the user something that is no answer. */
export async function runSlashCommand(
  line: string,
  conversation: Conversation,
  say: (text: string) => void,
): Promise<boolean> {
  const [name, ...rest] = line.trim().split(/\s+/);
  const argument = rest.join(' ');
  switch (name) {
    case '/exit':
    case '/quit':
      return false;
    case '/reset':
      conversation.reset();
      say('forgotten');
      return true;
    case '/save':
      say(argument === '' ? 'save where? /save FILE' : await save(argument, conversation.messages));
      return true;
    case '/help':
      say(chatHelp);
      return true;
    default:
      say(`there is no ${name}\n${chatHelp}`);
      return true;
  }
}

/** A file that cannot be written ends nothing: the conversation is worth more. */
async function save(path: string, messages: ChatMessage[]): Promise<string> {
  const text = messages.map(({ role, content }) => `${role}: ${content}\n`).join('\n');
  const partial = `${path}.partial`;
  try {
    await writeFile(partial, path.endsWith('.json') ? `${JSON.stringify({ messages }, null, 2)}\n` : text);
    await rename(partial, path);
    return `written to ${path}`;
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    return `cannot write ${path}: ${(error as Error).message}`;
  }
}
