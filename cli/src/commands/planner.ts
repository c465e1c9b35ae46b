import { commonSettings, plannerSettings, serverSettings } from '@flash-slim/config';
import { command } from '../command.ts';
import { runService } from '../services/run-service.ts';
import { addSettings, readSettings } from '../services/settings.ts';
import { planner as start } from '../services/start.ts';

const settings = { ...commonSettings, ...serverSettings, ...plannerSettings };

export const planner = command<Record<string, unknown>>({
  define: (command) => addSettings(command, settings),
  examples: [
    ['flash-slim planner --nats nats://n:4222 --s3 http://s:9000', 'with servers'],
    ['flash-slim planner --print-config', 'the settings as they are'],
  ],
  run: async (context, flags) => {
    const config = readSettings(context, settings, flags);
    if (config === null) return;
    await runService(context, 'planner', config, async (parts) => ({ planner: await start(config, parts) }));
  },
});
