export { type RandomGguf, type RandomGgufOptions, writeRandomGguf } from './random-gguf.ts';
export { type ModelShape, type ShapeName, shapes } from './shapes.ts';
