// The byte alphabet from the other side, written on its own so that it can contradict the one under test.
const printable = [...span('!', '~'), ...span('¡', '¬'), ...span('®', 'ÿ')];

/** [256]: the character of each byte. */
export const byteAlphabet: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (printable.includes(byte)) return String.fromCharCode(byte);
  const earlier = Array.from({ length: byte }, (_, other) => other).filter((other) => !printable.includes(other));
  return String.fromCharCode(256 + earlier.length);
});

export function alphabetOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byteAlphabet[byte]).join('');
}

function span(first: string, last: string): number[] {
  const start = first.charCodeAt(0);
  return Array.from({ length: last.charCodeAt(0) - start + 1 }, (_, i) => start + i);
}
