import { BusError } from './error.ts';

const token = /^[A-Za-z0-9_-]+$/;
const maxLength = 200;

const refuse = (what: string, text: string): never => {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
  throw new BusError('BUS_NAME_INVALID', `${shown} is no ${what}: letters, digits, _ and -, ${maxLength} at most`);
};

/** A queue, topic, bucket, durable consumer, or message id. */
export function checkName(text: string): string {
  return token.test(text) && text.length <= maxLength ? text : refuse('name', text);
}

/** A key or subject: names divided by dots. */
export function checkKey(text: string): string {
  if (text.length <= maxLength && text.split('.').every((part) => token.test(part))) return text;
  return refuse('key or subject (names divided by dots)', text);
}

/** Whether `key` is the filter's, or below it where that ends in a dot. */
export const matches = (filter: string | undefined, key: string): boolean =>
  filter === undefined || (filter.endsWith('.') ? key.startsWith(filter) : key === filter);

/** Checks a filter: undefined, a key, or a key and a dot. */
export function checkFilter(filter: string | undefined): void {
  if (filter !== undefined) checkKey(filter.replace(/\.$/, ''));
}
