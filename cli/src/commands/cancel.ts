import { Job, ProfilerServiceDefinition } from '@flash-slim/proto';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { type ConnectFlags, connectOptions, withServices } from '../services/connect.ts';
import { describeJob } from '../services/show.ts';

export const cancel = command<ConnectFlags>({
  define: (command) => {
    command.argument('<id>', 'the job');
    connectOptions(command, 'profiler');
  },
  examples: [['flash-slim cancel job-0123456789abcdef01234567', 'a job that has ended stays as it is']],
  run: async (context, flags, [id]) => {
    if (id === undefined) throw usageError('which job? "flash-slim jobs" lists them');
    await withServices('cancel', flags, async (connect) => {
      const client = connect('profiler').client(ProfilerServiceDefinition);
      const { job } = await client.cancelJob({ jobId: id }, { signal: context.signal });
      context.result({ job: job && Job.toJSON(job) }, job ? describeJob(job) : '');
    });
  },
});
