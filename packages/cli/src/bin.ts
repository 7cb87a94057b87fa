/** The process behind `lstp`: runs one command and leaves with its status. bin/lstp.js loads it. */
import { main } from './main.js';

// Whoever reads our output may leave early (`lstp up | head -1`): that is no reason to die.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
const status = await main(process.argv.slice(2));
await Promise.all([process.stdout, process.stderr].map(flushed));
// All that the command opened is closed. What a library or Node itself may have left must not keep a stopped node alive.
process.exit(status);

/** Where standard output is a pipe, some systems write it later. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return stream.writableLength === 0 ? Promise.resolve() : new Promise((resolve) => stream.write('', () => resolve()));
}
