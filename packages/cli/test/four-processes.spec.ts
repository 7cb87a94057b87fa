import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Workplace } from './support/lstp.js';
import { makeFourNodes, type FourNodes } from './support/four-nodes.js';
import { TestServer } from './support/two-ends.js';

const PIECES = 600;

describe('two firewalls, four processes', function () {
  this.timeout(60_000);
  let place: Workplace;
  let server: TestServer;
  let nodes: FourNodes;
  let sent: string;
  beforeEach(async () => {
    place = new Workplace();
    server = await TestServer.start((socket) => {
      sent = sendPieces(socket);
    });
    nodes = await makeFourNodes(place, server.port);
  });
  afterEach(async () => {
    await place.remove();
    await server.stop();
  });

  for (const order of permutations(['desk', 'west', 'east', 'lab'] as const)) {
    it(`meet when they start in the order ${order.join(', ')}`, async () => {
      for (const node of order) await nodes.start(node);
      const { stdout } = await place.run(['status', nodes.file, '--as', 'desk', '--wait', '20']);
      expect(stdout).to.contain('tunnel acme-globex');
      expect(await received(nodes.front)).to.equal(sent);
    });
  }

  it('lose no byte of a download when a relay is killed and comes back', async () => {
    for (const node of ['desk', 'east', 'lab'] as const) await nodes.start(node);
    const west = await nodes.start('west');
    const socket = connect(nodes.front, '127.0.0.1');
    const hash = createHash('sha256');
    await once(socket, 'readable');
    await west.end('SIGKILL');
    socket.on('data', (chunk: Buffer) => hash.update(chunk));
    await nodes.start('west');
    await once(socket, 'end');
    expect(hash.digest('hex')).to.equal(sent);
  });
});

/** Every order of `items`. */
function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((first, index) => permutations(items.toSpliced(index, 1)).map((rest) => [first, ...rest]));
}

/** Sends some 40 MB that differ everywhere, then the end; gives their digest. */
function sendPieces(socket: Socket): string {
  const hash = createHash('sha256');
  let piece = 0;
  const send = (): void => {
    while (piece < PIECES) {
      if (!socket.write(makePiece(piece++))) return void socket.once('drain', send);
    }
    socket.end();
  };
  for (let index = 0; index < PIECES; index++) hash.update(makePiece(index));
  send();
  return hash.digest('hex');
}

function makePiece(index: number): Buffer {
  const piece = Buffer.alloc(65_536, index % 251);
  piece.writeUInt32BE(index, 0);
  return piece;
}

async function received(port: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of connect(port, '127.0.0.1') as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
