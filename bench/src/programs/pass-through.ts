/** Program: lstp's pass-through alone. Listens, and joins each connection to one of its own to TARGET, as a middle joins two paired legs. */
import { connect, createServer, type AddressInfo } from 'node:net';
import { Pipe, PipeBudget } from '@lstp/middle';

/** A middle's own limits (docs/limits.md). */
const budget = new PipeBudget(256 * 1024 * 1024, 256 * 1024);
const target = Number(process.argv[2]);

const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) => {
  const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const refused = (): void => void near.destroy();
  far.once('error', refused);
  far.once('connect', () => {
    far.off('error', refused);
    new Pipe([near, far], budget, () => undefined).look(0);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listens on ${(server.address() as AddressInfo).port}\n`));
