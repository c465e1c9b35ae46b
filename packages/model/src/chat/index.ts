export { encodeConversation } from './conversation.ts';
export { encodeChat } from './encode.ts';
export { ChatTemplateError } from './error.ts';
export { type ChatMessage, type ChatOptions, renderChat } from './render.ts';
