/** Program: a slow, long link. It listens, and passes every connection on, with one delay and one rate for all. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { delay } from './delay-line.js';
import { Lane } from './lane.js';
import { serveCalls } from './serve-calls.js';

serveCalls({
  link: async ({ target, shape }) => {
    const [up, down] = [new Lane(shape), new Lane(shape)];
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      for (const [socket, other] of [[near, far], [far, near]] as const) socket.on('error', () => other.destroy());
      delay(near, far, up);
      delay(far, near, down);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
});
