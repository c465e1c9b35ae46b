export type { FamilyName } from './families.ts';
export { type FolderOptions, writeFolderFromGguf } from './folder-from-gguf.ts';
export { type OnnxFolderOptions, onnxShape, writeOnnxFolder } from './onnx-folder.ts';
export { mergeAdapter, type RandomAdapter, type RandomAdapterOptions, writeRandomAdapter } from './random-adapter.ts';
export { type RandomGguf, type RandomGgufOptions, writeRandomGguf } from './random-gguf.ts';
export { type ModelShape, type ShapeName, shapes } from './shapes.ts';
export { variants } from './variants.ts';
