import { commonSettings, runtimeSettings, serverSettings } from '@flash-slim/config';
import { command } from '../command.ts';
import { runService } from '../services/run-service.ts';
import { addSettings, readSettings } from '../services/settings.ts';
import { runtime as start } from '../services/start.ts';

const settings = { ...commonSettings, ...serverSettings, ...runtimeSettings };

export const runtime = command<Record<string, unknown>>({
  define: (command) => addSettings(command, settings),
  examples: [
    ['flash-slim runtime --nats nats://n:4222 --s3 http://s:9000 --memory-budget 180MB', 'a node with 180 MB'],
    ['flash-slim runtime --labels zone=a,board=pi5', 'labels for whoever chooses nodes'],
  ],
  run: async (context, flags) => {
    const config = readSettings(context, settings, flags);
    if (config === null) return;
    await runService(context, 'runtime', config, async (parts) => ({ runtime: await start(context, config, parts) }));
  },
});
