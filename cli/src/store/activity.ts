import type { Context } from '../context.ts';

/** What long work in the store needs from its caller: when to stop, and where to tell how far it is. */
export type Activity = Pick<Context, 'signal' | 'log' | 'progress'>;
