import { socketPair } from '@lstp/core/testing';
import { expect } from 'chai';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { FilteredStream, type ByteFilter } from '../../src/x11/back/filtered-stream.js';

/** Says what it saw: `>` from the client, `<` from the server. */
const marking: ByteFilter = {
  requests: (bytes) => [Buffer.from('>'), bytes],
  answers: (bytes) => [Buffer.from('<'), bytes],
};

const CHUNK = Buffer.alloc(65_536, 'x');

describe('plugins/x11, a socket behind a filter', () => {
  it('passes all that the filter gives, in both directions, and each end by itself', async () => {
    const [server, socket] = await socketPair();
    const stream = new FilteredStream(socket, marking);
    stream.end('question');
    expect(await text(server)).to.equal('>question');
    server.end('answer');
    expect(await text(stream)).to.equal('<answer');
    await finished(stream);
  });

  it('keeps what the server has said last until it is read, also when the connection is over', async () => {
    const [server, socket] = await socketPair();
    const stream = new FilteredStream(socket, marking);
    stream.once('readable', () => {});
    server.end('answer');
    stream.end();
    server.resume();
    await once(socket, 'close');
    expect(await text(stream)).to.equal('<answer');
  });

  it('passes nothing where the filter gives nothing', async () => {
    const [server, socket] = await socketPair();
    const stream = new FilteredStream(socket, { requests: () => [], answers: () => [] });
    stream.end('question');
    server.end('answer');
    expect([await text(server), await text(stream)]).to.deep.equal(['', '']);
  });

  it('stops its writer where the server does not read, and does not use what it has said is done', async () => {
    const [server, socket] = await socketPair();
    const stream = new FilteredStream(socket, { requests: (bytes) => [bytes], answers: (bytes) => [bytes] });
    let done = 0;
    let count = 0;
    while (stream.write(CHUNK, () => (done += 1))) count += 1;
    expect(done).to.be.at.most(count);
    const total = (count + 1) * CHUNK.length;
    const all = new Promise<void>((resolve) => {
      let received = 0;
      server.on('data', (bytes: Buffer) => (received += bytes.length) === total && resolve());
    });
    await once(stream, 'drain');
    await all;
    expect(done).to.equal(count + 1);
    stream.destroy();
    server.destroy();
  });

  it('stops the server where nobody reads', async () => {
    const [server, socket] = await socketPair();
    const stream = new FilteredStream(socket, { requests: (bytes) => [bytes], answers: (bytes) => [bytes] });
    stream.once('readable', () => {});
    while (server.write(CHUNK));
    await once(stream, 'readable');
    expect(stream.readableLength).to.be.at.most(4 * CHUNK.length);
    expect(socket.isPaused()).to.equal(true);
    stream.destroy();
    server.destroy();
  });

  for (const direction of ['requests', 'answers'] as const) {
    it(`ends with what the filter throws at ${direction}, and resets the server`, async () => {
      const [server, socket] = await socketPair();
      const fault = new Error('cannot follow');
      const stream = new FilteredStream(socket, { ...marking, [direction]: () => { throw fault; } });
      const broken = new Promise((resolve) => server.on('error', () => {}).once('close', resolve).resume());
      if (direction === 'requests') stream.write('x');
      else server.write('x');
      stream.resume();
      const [error] = (await once(stream, 'error')) as [Error];
      expect(error).to.equal(fault);
      await broken;
    });
  }

  it('breaks with the server', async () => {
    const [server, socket] = await socketPair();
    const stream = new FilteredStream(socket, marking);
    stream.resume();
    server.resetAndDestroy();
    const [error] = (await once(stream, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNRESET');
  });

  it('lets go of the server', async () => {
    const [server, socket] = await socketPair();
    new FilteredStream(socket, marking).destroy();
    await once(server.resume(), 'end');
    server.destroy();
  });
});

/** Up to its end; an iterator would destroy it then. */
async function text(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks).toString();
}
