// A file that is no GGUF is refused with the reason: people hand over what they have.
import { readSync } from 'node:fs';
import { ModelError } from '../model-error.ts';

/** Throws NOT_A_GGUF unless the file starts as a GGUF does. */
export function refuseOtherFormats(fd: number, path: string, fileBytes: number): void {
  const start = Buffer.alloc(16);
  const read = readSync(fd, start, 0, start.length, 0);
  const magic = start.toString('latin1', 0, 4);
  if (read >= 4 && magic === 'GGUF') return;
  throw new ModelError('NOT_A_GGUF', `${path} ${whatItIs(start, magic, read, fileBytes)}`);
}

function whatItIs(start: Buffer, magic: string, read: number, fileBytes: number): string {
  if (read < 4) return `is no GGUF model: it has ${fileBytes} bytes; fetch it again`;
  if (start.toString('latin1', 4, 8) === 'TFL3') {
    return 'is a TensorFlow Lite model (.tflite): its graph has its operators compiled in and cannot be streamed by weight; get the same model as GGUF';
  }
  if (['lmgg', 'fmgg', 'tjgg', 'algg'].includes(magic)) {
    return 'is a GGML file from before GGUF; get the model as GGUF';
  }
  if (magic === 'FUGG') return 'is a byte-swapped GGUF; only little-endian ones are read';
  if (start.toString('latin1', 8, 10) === '{"') return 'looks like a safetensors file; get the model as GGUF';
  if (magic.startsWith('PK')) return 'is a zip archive (a PyTorch checkpoint?); get the model as GGUF';
  return `is no GGUF model: it starts with ${start.toString('hex', 0, 4)} where "GGUF" should stand`;
}
