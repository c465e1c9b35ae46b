// The addon's typed face. One loader; the declarations mirror binding/*_binding.cc field by field, in the same order.
export * from './addon.ts';
export * from './cache.ts';
export * from './engine.ts';
export * from './memory.ts';
export * from './probe.ts';
