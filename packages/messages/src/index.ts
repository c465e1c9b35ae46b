export * from './channels.ts';
export { deviceClassName, fullTarget, jobId, planId } from './ids.ts';
export * from './manifests.ts';
