import { command } from '../command.ts';
export const probe = command({ define: () => {}, examples: [], run: async () => {} });
