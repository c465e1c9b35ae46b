// The byte alphabet of GPT-2: vocabularies of byte-level BPE are written with one printable character for each byte.
// Bytes that print as themselves in Latin-1 stay; the other 68 become U+0100, U+0101... in byte order. In UTF-8 a
// character of the alphabet takes one or two bytes.

function printable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

/** 0xffff where the character stands for no byte. */
const byteOfCharacter = new Uint16Array(0x800).fill(0xffff);
let unprintable = 0;
for (let byte = 0; byte < 256; byte++) byteOfCharacter[printable(byte) ? byte : 0x100 + unprintable++] = byte;

/**
 * Writes the bytes that the UTF-8 from text[start] to text[end] stands for to out[at] and on.
 * @returns how many, at most end - start; -1 if a character is not of the alphabet
 */
export function decodeAlphabet(text: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let written = at;
  for (let i = start; i < end; i++) {
    let character = text[i] as number;
    if (character >= 0x80) {
      const following = i + 1 < end ? (text[i + 1] as number) : 0;
      if ((character & 0xe0) !== 0xc0 || (following & 0xc0) !== 0x80) return -1;
      character = ((character & 0x1f) << 6) | (following & 0x3f);
      i++;
    }
    const byte = byteOfCharacter[character] as number;
    if (byte === 0xffff) return -1;
    out[written++] = byte;
  }
  return written - at;
}
