import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { releaseBinaryPages } from '@flash-slim/native';
import { command } from '../command.ts';
import { describeDevice } from '../device/describe-device.ts';
import { probeDevice } from '../device/probe-device.ts';
import { CliError } from '../errors.ts';
import { makeDirectory, storeDirectory } from '../store/store.ts';

interface ProbeCommandOptions {
  path?: string;
  file?: string;
  output: string;
  quick?: boolean;
}

export const probe = command<ProbeCommandOptions>({
  define: (command) => {
    command
      .option('--path <directory>', 'measure the storage of this directory (default: that of the model store)')
      .option('--file <file>', 'read this file instead of writing a test file')
      .option('--output <file>', 'where to write the profile', 'device_profile.json')
      .option('--quick', 'a few seconds, with fewer kinds of reads');
  },
  examples: [
    ['flash-slim probe', 'measure where models are stored; writes device_profile.json'],
    ['flash-slim probe --path /mnt/sdcard --output sdcard.json', 'another storage'],
    ['flash-slim probe --quick --json', 'the profile as JSON, on stdout too'],
  ],
  run: async (context, options) => {
    releaseBinaryPages();
    const directory = resolve(options.path ?? storeDirectory());
    if (options.path === undefined) await makeDirectory(directory);
    const file = options.file === undefined ? undefined : resolve(options.file);
    const { signal, log, progress } = context;
    // Opened first: after a quarter of a minute it is late to say that the result cannot be written.
    const partial = `${options.output}.partial`;
    try {
      await writeFile(partial, '').catch(refuse(options.output));
      const profile = await probeDevice({ directory, file, quick: options.quick === true, signal, log, progress });
      await writeFile(partial, `${JSON.stringify(profile, null, 2)}\n`);
      await rename(partial, options.output).catch(refuse(options.output));
      context.result(profile, `${describeDevice(profile)}\n\nwritten to ${options.output}`);
    } finally {
      await rm(partial, { force: true });
    }
  },
});

const refuse = (path: string) => (error: Error) => {
  throw new CliError('DIRECTORY_UNWRITABLE', `cannot write ${path}: ${error.message}; give another with --output`, {
    cause: error,
  });
};
