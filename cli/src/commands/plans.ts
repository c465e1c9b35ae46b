import { Plan, PlannerServiceDefinition } from '@flash-slim/proto';
import { command } from '../command.ts';
import { type ConnectFlags, connectOptions, withServices } from '../services/connect.ts';
import { describePlan } from '../services/show.ts';

export const plans = command<ConnectFlags & { model: string }>({
  define: (command) => {
    command.option('--model <model>', 'only plans of this model, by name or sha256:<hex>', '');
    connectOptions(command, 'planner');
  },
  examples: [['flash-slim plans --model smollm2', 'the newest version of each']],
  run: (context, flags) =>
    withServices('plans', flags, async (connect) => {
      const client = connect('planner').client(PlannerServiceDefinition);
      const all: Plan[] = [];
      for (let pageToken = ''; ; ) {
        const page = await client.listPlans(
          { pageSize: 100, pageToken, model: flags.model },
          { signal: context.signal },
        );
        all.push(...page.plans);
        pageToken = page.nextPageToken;
        if (pageToken === '') break;
      }
      context.result({ plans: all.map((plan) => Plan.toJSON(plan)) }, all.map(describePlan).join('\n') || 'no plans');
    }),
});
