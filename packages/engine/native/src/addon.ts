import { createRequire } from 'node:module';

/** An error from the native side: a stable `code`, and a message that says what happened and what to do. */
export interface NativeError extends Error {
  code: string;
}

// One addon for the process: ONNX Runtime's environment and the kernel tables live in it. FLASH_SLIM_ADDON names another
// build of it (for another processor, or with a sanitizer).
export const addon: Record<string, never> = createRequire(import.meta.url)(
  process.env.FLASH_SLIM_ADDON ?? '../build/flash_slim.node',
);
