import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { checkPortFree, freePort, freePorts } from '../../src/io/free-ports.js';

/** Below those of outgoing connections, on any system. */
const BELOW = 32_768;

describe('io: free ports', () => {
  it('are different ones, none of them twice, and none that an outgoing connection may have', async () => {
    const ports = [...(await freePorts(50)), ...(await freePorts(50)), await freePort()];
    expect(new Set(ports).size).to.equal(ports.length);
    expect(Math.max(...ports)).to.be.below(BELOW);
    await Promise.all(ports.map(checkPortFree));
  });

  it('are none that somebody listens on, which a look at one says', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const error = await checkPortFree(port).then(() => undefined, (thrown: NodeJS.ErrnoException) => thrown);
    expect(error?.code).to.equal('EADDRINUSE');
    server.close();
  });
});
