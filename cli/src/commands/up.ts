import { command } from '../command.ts';
import { type Running, runService } from '../services/run-service.ts';
import { addSettings, allSettings, readSettings } from '../services/settings.ts';
import { planner, profiler, runtime } from '../services/start.ts';

const defaultListen = '127.0.0.1:7431';

export const up = command<Record<string, unknown>>({
  define: (command) => addSettings(command, allSettings),
  examples: [
    ['flash-slim up', 'profiler, planner and a runtime node in one process, without any server'],
    ['flash-slim up --memory-budget 180MB', 'the node keeps within 180 MB, this process included'],
    ['flash-slim up --nats nats://n:4222 --s3 http://s:9000', 'the same with servers'],
    ['flash-slim up --listen 127.0.0.1:8000', 'the profiler there, planner and node at the next two ports'],
  ],
  run: async (context, flags) => {
    const config = readSettings(context, allSettings, flags);
    if (config === null) return;
    const at = (offset: number) => ({ ...config, listen: nextPort(config.listen ?? defaultListen, offset) });
    await runService(context, 'up', config, async (parts) => {
      const running: Record<string, Running> = {};
      try {
        running.profiler = await profiler(context, at(0), parts);
        running.planner = await planner(at(1), parts);
        running.runtime = await runtime(context, at(2), parts);
      } catch (error) {
        await Promise.all(Object.values(running).map((service) => service.stop(0)));
        throw error;
      }
      return running;
    });
  },
});

/** Port 0 takes a free one for each. */
function nextPort(listen: string, offset: number): string {
  const colon = listen.lastIndexOf(':');
  const port = Number(listen.slice(colon + 1));
  return `${listen.slice(0, colon)}:${port === 0 ? 0 : port + offset}`;
}
