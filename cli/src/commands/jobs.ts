import { Job, JobState, ProfilerServiceDefinition } from '@flash-slim/proto';
import { command } from '../command.ts';
import { type ConnectFlags, connectOptions, withServices } from '../services/connect.ts';
import { describeJob } from '../services/show.ts';

export const jobs = command<ConnectFlags & { failed?: boolean }>({
  define: (command) => {
    command.option('--failed', 'only those that have failed');
    connectOptions(command, 'profiler');
  },
  examples: [
    ['flash-slim jobs', 'the newest first'],
    ['flash-slim jobs --failed --json', 'what went wrong, for a script'],
  ],
  run: (context, flags) =>
    withServices('jobs', flags, async (connect) => {
      const client = connect('profiler').client(ProfilerServiceDefinition);
      const all: Job[] = [];
      for (let pageToken = ''; ; ) {
        const states = flags.failed ? [JobState.FAILED] : [];
        const page = await client.listJobs({ pageSize: 100, pageToken, states }, { signal: context.signal });
        all.push(...page.jobs);
        pageToken = page.nextPageToken;
        if (pageToken === '') break;
      }
      context.result({ jobs: all.map((job) => Job.toJSON(job)) }, all.map(describeJob).join('\n') || 'no jobs');
    }),
});
