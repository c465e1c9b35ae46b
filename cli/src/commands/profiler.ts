import { commonSettings, profilerSettings, serverSettings } from '@flash-slim/config';
import { command } from '../command.ts';
import { runService } from '../services/run-service.ts';
import { addSettings, readSettings } from '../services/settings.ts';
import { profiler as start } from '../services/start.ts';

const settings = { ...commonSettings, ...serverSettings, ...profilerSettings };

export const profiler = command<Record<string, unknown>>({
  define: (command) => addSettings(command, settings),
  examples: [
    [
      'flash-slim profiler --nats nats://n:4222 --s3 http://s:9000',
      'with servers; keys by FLASH_SLIM_S3_ACCESS_KEY and ..._SECRET_KEY',
    ],
    ['flash-slim profiler --print-config', 'the settings as they are'],
  ],
  run: async (context, flags) => {
    const config = readSettings(context, settings, flags);
    if (config === null) return;
    await runService(context, 'profiler', config, async (parts) => ({ profiler: await start(context, config, parts) }));
  },
});
