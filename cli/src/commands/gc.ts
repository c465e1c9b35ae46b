import { join } from 'node:path';
import { commonSettings, storeLocation } from '@flash-slim/config';
import { formatBytes } from '@flash-slim/plan';
import { openStore } from '@flash-slim/store';
import { command } from '../command.ts';
import { number } from '../options.ts';
import { addSettings, readSettings } from '../services/settings.ts';
import { storeDirectory } from '../store/store.ts';

export const gc = command<Record<string, unknown> & { delete?: boolean; olderThanHours: number }>({
  define: (command) => {
    command
      .option('--delete', 'remove it; without this it is only listed')
      .option(
        '--older-than-hours <n>',
        'leave alone what is younger: a job may be about to name it',
        number(0, 1e6),
        24,
      );
    addSettings(command, commonSettings);
  },
  examples: [
    ['flash-slim gc', 'lists what would go'],
    ['flash-slim gc --delete --s3 http://s:9000', 'removes it; keys by FLASH_SLIM_S3_ACCESS_KEY and ..._SECRET_KEY'],
  ],
  run: async (context, flags) => {
    const config = readSettings(context, commonSettings, flags);
    if (config === null) return;
    const { collectGarbage } = await import('@flash-slim/profiler');
    const store = await openStore(storeLocation(config, config.directory ?? join(storeDirectory(), 'services')));
    try {
      const olderThanMs = flags.olderThanHours * 3600_000;
      const report = await collectGarbage({
        store,
        remove: flags.delete === true,
        olderThanMs,
        signal: context.signal,
      });
      const lines = report.objects.map(({ key, bytes }) => `${key}  ${formatBytes(bytes)}`);
      const verb = report.removed ? 'removed' : 'would go (--delete removes them)';
      context.result(
        report,
        [...lines, `${report.objects.length} objects, ${formatBytes(report.bytes)}: ${verb}; ${report.kept} stay`].join(
          '\n',
        ),
      );
    } finally {
      await store.close();
    }
  },
});
