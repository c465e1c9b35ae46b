// Builds the weight cache of a model once and prints what it took: node bench/cache-build.ts MODEL OUT [DIGEST]
import { rmSync, statSync } from 'node:fs';
import { importModel } from '@flash-slim/model';
import { buildWeightCache } from '@flash-slim/weight-cache';

const [model = '', out = '', digest] = process.argv.slice(2);
rmSync(out, { force: true });
const imported = await importModel(model);
const before = process.resourceUsage().maxRSS;
const start = performance.now();
await buildWeightCache(imported, out, { digest });
const seconds = (performance.now() - start) / 1000;
const { maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ seconds, bytes: statSync(out).size, added_memory_bytes: (maxRSS - before) * 1024 }));
rmSync(out);
