import { Job, ProfilerServiceDefinition } from '@flash-slim/proto';
import { command } from '../command.ts';
import { usageError } from '../errors.ts';
import { type ConnectFlags, connectOptions, withServices } from '../services/connect.ts';
import { describeJob } from '../services/show.ts';

export const job = command<ConnectFlags>({
  define: (command) => {
    command.argument('<id>', 'the job');
    connectOptions(command, 'profiler');
  },
  examples: [['flash-slim job job-0123456789abcdef01234567', "the job's state"]],
  run: async (context, flags, [id]) => {
    if (id === undefined) throw usageError('which job? "flash-slim jobs" lists them');
    await withServices('job', flags, async (connect) => {
      const client = connect('profiler').client(ProfilerServiceDefinition);
      const { job } = await client.getJob({ jobId: id }, { signal: context.signal });
      context.result({ job: job && Job.toJSON(job) }, job ? describeJob(job) : '');
    });
  },
});
