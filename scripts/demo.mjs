// npm run demo: sets up what is missing, then `flash-slim demo` with the arguments given.
// The command is started as a process of its own, so that it runs on the pinned Node.js and with its own flags.
import { spawn } from 'node:child_process';
import { bootstrapOrExit } from './bootstrap.mjs';
import { root, toolEnvironment } from './packages.mjs';

bootstrapOrExit();
const command = spawn(`${root}cli/bin/flash-slim.mjs`, ['demo', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: toolEnvironment(),
});
// Ctrl-C reaches both processes; this one only waits for the other's answer.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && command.kill(signal));
command.on('exit', (code, signal) => process.exit(signal ? 1 : code));
