export { type BuildOptions, buildWeightCache } from './build.ts';
export { WeightCacheError, type WeightCacheErrorCode } from './error.ts';
export type { CacheOptions, CacheProgress } from './job.ts';
export { makeDirectories } from './make-directories.ts';
export * from './manifest.ts';
export { openWeightCache, type WeightCache } from './open.ts';
export { cacheKey, weightCachePath } from './store.ts';
export { verifyWeightCache } from './verify.ts';
