#!/usr/bin/env -S node --max-semi-space-size=1 --v8-pool-size=1 --single-threaded-gc --no-opt --no-maglev
// The flags keep the process small: a young generation of megabytes, one worker for V8, and no optimizing compilers, whose
// code takes 7 MB when paged in and whose own memory while they compile a hot loop 50 to 100 MB (the arithmetic is C++).
// What follows must load on any Node.js, so that an old one gets a sentence and not a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number);
const refuse = (message) => {
  process.stderr.write(`flash-slim: ${message}\n`);
  process.exit(2);
};
if (process.platform !== 'linux') refuse(`Linux only, and this is ${process.platform}.`);
if (major < 22 || (major === 22 && minor < 22)) {
  refuse(
    `Node.js 22.22 or newer is needed, and this is ${process.version} (in a clone, "npx flash-slim" uses its own).`,
  );
}
let main;
try {
  ({ main } = await import('../dist/main.js'));
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  refuse(`not built yet (${error.message.split('\n')[0]}): run "npm run setup" in the clone first.`);
}
await main(process.argv.slice(2));
