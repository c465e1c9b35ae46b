export * from './model.ts';
export * from './node.ts';
