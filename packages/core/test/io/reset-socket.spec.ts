import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { resetSocket } from '../../src/io/reset-socket.js';

describe('io/reset-socket', () => {
  let server: Server;
  let near: Socket;
  let far: Socket;
  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  });
  afterEach(() => {
    near.destroy();
    far.destroy();
    server.close();
  });

  it('shows the other side a break', async () => {
    resetSocket(near);
    const [error] = (await once(far.resume(), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNRESET');
  });

  it('closes a socket whose end is just on its way', async () => {
    near.write('x');
    near.end();
    resetSocket(near);
    await once(near, 'close');
    expect(near.destroyed).to.equal(true);
  });

  it('may be called again, and after the end', async () => {
    near.end();
    await once(near, 'finish');
    resetSocket(near);
    resetSocket(near);
    await once(near, 'close');
    resetSocket(near);
  });
});
