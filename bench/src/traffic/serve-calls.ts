/** The traffic programs' side of the calls: one answer a request, over the channel that fork() made. */
import type { Calls, Reply, Request } from './wire.js';

type Handlers = { [C in keyof Calls]?: (parameters: Calls[C]['parameters']) => Calls[C]['result'] | Promise<Calls[C]['result']> };

/** Answers calls until the bench lets go of the channel; then the process ends. */
export function serveCalls(handlers: Handlers): void {
  process.on('message', (request: Request) => {
    void answer(handlers, request).then((reply) => process.send?.(reply));
  });
  process.once('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole group; the bench decides when this process ends.
  process.on('SIGINT', () => undefined);
}

async function answer(handlers: Handlers, { id, call, parameters }: Request): Promise<Reply> {
  const handler = handlers[call] as ((parameters: unknown) => unknown) | undefined;
  if (handler === undefined) return { id, error: `no call ${call} here` };
  try {
    return { id, result: await handler(parameters) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
