import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Application, ApplicationServer, digestOf } from './support/application.js';
import { PairPlan, type TestEnd } from './support/test-end.js';
import { handlesSince, openHandles, until, type OpenHandles } from '@lstp/core/testing';

const SIZES = [
  { title: 'no bytes', bytes: Buffer.alloc(0) },
  { title: '100 kB', bytes: randomBytes(100_000) },
  { title: '8 MiB', bytes: randomBytes(8_388_608) },
];

/** The tunnel stays up meanwhile, and has timers of its own. */
const SOCKETS = /TCPSocketWrap|PipeWrap|ConnectWrap|TLSWrap/;

describe('a channel ends as its applications end it:', function () {
  this.timeout(30_000);
  let desk: TestEnd;
  let lab: TestEnd;
  let server: ApplicationServer;
  let reader: ApplicationServer;
  let handles: OpenHandles;

  before(async () => {
    server = await ApplicationServer.start();
    reader = await ApplicationServer.start((application) => void application.read().socket.once('end', () => application.finish()));
    const service = (name: string, { port }: ApplicationServer): string => `${name}: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${port}" }`;
    ({ desk, lab } = await (await PairPlan.make()).start({ services: [service('web', server), service('read', reader)] }));
    await until('the link between the two', () => desk.hub.linkCount + lab.hub.linkCount === 2);
    handles = openHandles();
  });

  after(async () => {
    await Promise.all([desk.stop(), lab.stop(), server.stop(), reader.stop()]);
  });

  afterEach('nothing is left', async () => {
    await until('no channel at either end', () => desk.tunnel().channels.length + lab.tunnel().channels.length === 0);
    await until('no connection of an application', () => server.openCount === 0 && handlesSince(handles).every((more) => !SOCKETS.test(more)));
    expect(desk.tunnel().carriers).to.have.length(1);
    expect(logged(desk).concat(logged(lab))).to.deep.equal([]);
  });

  /** A client and the server's side of its connection. */
  async function dial(): Promise<{ client: Application; far: Application }> {
    const client = Application.connect(desk.address('web'));
    return { client, far: await server.accept() };
  }

  for (const { title, bytes } of SIZES) {
    describe(title, () => {
      const digest = digestOf(bytes);

      it('client first: the server reads all, then answers, and the client reads all of that', async () => {
        const { client, far } = await dial();
        client.read().send(bytes).finish();
        expect(await far.read().ended).to.equal('end');
        expect(far.digest()).to.equal(digest);
        far.send(bytes).finish();
        expect(await client.ended).to.equal('end');
        expect(client.digest()).to.equal(digest);
      });

      it('server first: the client reads all, then sends, and the server reads all of that', async () => {
        const { client, far } = await dial();
        far.read().send(bytes).finish();
        expect(await client.read().ended).to.equal('end');
        expect(client.digest()).to.equal(digest);
        client.send(bytes).finish();
        expect(await far.ended).to.equal('end');
        expect(far.digest()).to.equal(digest);
      });

      it('both at once', async () => {
        const { client, far } = await dial();
        client.read().send(bytes).finish();
        far.read().send(bytes).finish();
        expect(await Promise.all([client.ended, far.ended])).to.deep.equal(['end', 'end']);
        expect(client.digest()).to.equal(digest);
        expect(far.digest()).to.equal(digest);
      });

      it('the writer has ended and gone before the reader begins', async () => {
        const { client, far } = await dial();
        far.send(bytes).finish();
        client.finish();
        expect(await far.read().ended).to.equal('end');
        expect(await client.read().ended).to.equal('end');
        expect(client.digest()).to.equal(digest);
      });

      it('a reset by the client reaches the server as a reset', async () => {
        const { client, far } = await dial();
        far.read();
        client.send(bytes);
        await far.got(Math.min(1, bytes.length));
        client.reset();
        expect(await far.ended).to.equal('reset');
      });

      it('a reset by the server reaches the client as a reset', async () => {
        const { client, far } = await dial();
        client.read();
        far.send(bytes);
        await client.got(Math.min(1, bytes.length));
        far.reset();
        expect(await client.ended).to.equal('reset');
      });

      it('a reset by the client after its half-close reaches a server that is still sending', async () => {
        const { client, far } = await dial();
        client.read().finish();
        expect(await far.read().ended).to.equal('end');
        const broken = new Promise<void>((resolve) => far.socket.once('error', () => resolve()));
        client.reset();
        const stop = keepSending(far);
        await broken;
        stop();
      });

      it('a reset by the server after the client’s half-close reaches the client as a reset', async () => {
        const { client, far } = await dial();
        client.read().send(bytes).finish();
        expect(await far.read().ended).to.equal('end');
        far.reset();
        expect(await client.ended).to.equal('reset');
      });

      it('a reader that stalls, then goes without reading, resets the writer', async () => {
        const { client, far } = await dial();
        far.read().send(bytes);
        await until('the client’s buffers hold something', () => bytes.length === 0 || client.socket.bytesRead > 0 || client.socket.resume().pause().bytesRead > 0);
        client.reset();
        expect(await far.ended).to.equal('reset');
      });

      it('a writer that goes while its reader stalls leaves the reader with a reset, not a short file', async () => {
        const { client, far } = await dial();
        far.send(bytes);
        await until('something is on its way', () => bytes.length === 0 || desk.tunnel().channels.some(({ bytesOut }) => bytesOut > 0));
        far.reset();
        expect(await client.read().ended).to.equal('reset');
      });
    });
  }

  describe('a reset close behind data is no end:', () => {
    /** Sends and resets in one go: both are there when the other side looks. */
    const sendAndReset = ({ socket }: Application): void => void socket.write('the first half', () => socket.resetAndDestroy());

    for (const who of ['client', 'server'] as const) {
      it(`of the ${who}`, async () => {
        const { client, far } = await dial();
        client.read();
        far.read();
        sendAndReset(who === 'client' ? client : far);
        expect(await (who === 'client' ? far : client).ended).to.equal('reset');
      });

      it(`of the ${who}, when the other has ended already`, async () => {
        const { client, far } = await dial();
        const [resetter, other] = who === 'client' ? [client, far] : [far, client];
        other.read().finish();
        expect(await resetter.read().ended).to.equal('end');
        const known = desk.log.length;
        sendAndReset(resetter);
        // The other has ended, so it could not tell either: what the tunnel made of it is in the log.
        const line = await until('the channel is closed', () => desk.log.slice(known).find(({ msg }) => msg === 'channel closed'));
        expect(line).to.have.property('reason', 'reset');
        await other.closed;
      });
    }
  });

  it('a client that goes before the server has taken its connection is nobody’s', async () => {
    const channels = desk.tunnel().totals?.channels;
    const client = Application.connect(desk.address('read'));
    client.socket.once('connect', () => client.reset());
    await client.closed;
    await until('the front end has seen it', () => desk.tunnel().totals?.channels !== channels);
    await until('no server has its connection', () => reader.openCount === 0);
  });

  it('a hundred at once, each ending in another way', async () => {
    const bytes = randomBytes(200_000);
    const pairs: { client: Application; far: Application }[] = [];
    // One by one, so that each is known to belong to the other.
    for (let count = 0; count < 100; count += 1) pairs.push(await dial());
    const endings = await Promise.all(pairs.map(async ({ client, far }, index) => {
      client.read().send(bytes);
      far.read().send(bytes);
      await Promise.all([client.got(index), far.got(index)]);
      if (index % 4 === 0) client.reset();
      else if (index % 4 === 1) far.reset();
      else client.finish();
      if (index % 4 >= 2) far.finish();
      return Promise.all([client.ended, far.ended]);
    }));
    for (const [index, pair] of endings.entries()) if (index % 4 >= 2) expect(pair).to.deep.equal(['end', 'end']);
  });
});

/** Writes until the connection breaks: a peer that is gone is known by that alone. */
function keepSending({ socket }: Application): () => void {
  const timer = setInterval(() => socket.writable && socket.write('more'), 5);
  return () => clearInterval(timer);
}

/** Nothing that happens to a channel is worth a warning. */
function logged({ log }: TestEnd): unknown[] {
  return log.filter(({ level }) => level === 'warn' || level === 'error');
}
