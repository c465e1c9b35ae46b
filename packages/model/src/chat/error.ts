export class ChatTemplateError extends Error {
  override readonly name = 'ChatTemplateError';
  readonly code = 'CHAT_TEMPLATE';
  readonly retryable = false;
}
