export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: 'CONFIG_INVALID' | 'CONFIG_UNREADABLE';

  constructor(code: 'CONFIG_INVALID' | 'CONFIG_UNREADABLE', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
