import { Node, PlannerServiceDefinition } from '@flash-slim/proto';
import { command } from '../command.ts';
import { type ConnectFlags, connectOptions, withServices } from '../services/connect.ts';
import { describeNode } from '../services/show.ts';

export const nodes = command<ConnectFlags>({
  define: (command) => connectOptions(command, 'planner'),
  examples: [['flash-slim nodes', 'every node that has announced itself in the last seconds']],
  run: (context, flags) =>
    withServices('nodes', flags, async (connect) => {
      const client = connect('planner').client(PlannerServiceDefinition);
      const all = (await client.listNodes({}, { signal: context.signal })).nodes;
      context.result({ nodes: all.map((node) => Node.toJSON(node)) }, all.map(describeNode).join('\n') || 'no nodes');
    }),
});
