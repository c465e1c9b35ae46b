export { type AdaptedModel, type LoraAdapter, type LoraModule, readLoraAdapter } from './adapter.ts';
