/** The process behind `lstp`: runs one command and leaves with its status. bin/lstp.js loads it. */
import { main } from './main.js';

// Whoever reads our output may leave early (`lstp up | head -1`): that is no reason to die.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
process.exitCode = await main(process.argv.slice(2));
