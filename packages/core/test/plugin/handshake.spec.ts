import { expect } from 'chai';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Handshake, type HandshakeParser } from '../../src/index.js';
import { socketPair, until } from '../../src/testing/index.js';

/** A line, without its end. */
const readLine: HandshakeParser<string> = (bytes) => {
  const at = bytes.indexOf(0x0a);
  return at < 0 ? undefined : { value: bytes.toString('utf8', 0, at), length: at + 1 };
};

describe('the handshake of a front end', () => {
  let application: Socket;
  let socket: Socket;

  beforeEach(async () => {
    [application, socket] = await socketPair();
    application.on('error', () => {});
    socket.on('error', () => {});
  });
  afterEach(() => {
    application.destroy();
    socket.destroy();
  });

  async function codeOf(reading: Promise<unknown>): Promise<string | undefined> {
    return reading.then(() => undefined, (error: NodeJS.ErrnoException) => error.code);
  }

  it('is read in any chunking, and gives what lies beyond it', async () => {
    const handshake = new Handshake(socket);
    application.write('one\ntwo\nrest');
    expect(await handshake.read(readLine)).to.equal('one');
    expect(await handshake.read(readLine)).to.equal('two');
    await until('the rest is there', () => socket.bytesRead === 12);
    expect(handshake.finish().toString()).to.equal('rest');
    expect(handshake.finish().length).to.equal(0);
  });

  it('ends in time with an application that says nothing', async () => {
    const handshake = new Handshake(socket, { timeoutMs: 20 });
    expect(await codeOf(handshake.read(readLine))).to.equal('ERR_LSTP_HANDSHAKE_TIMEOUT');
    handshake.refuse(Buffer.from('too slow'));
    const [said] = (await once(application, 'data')) as [Buffer];
    expect(said.toString()).to.equal('too slow');
    application.end();
    await until('it is closed', () => socket.destroyed);
  });

  it('ends in time with an application that goes on saying little: the time is for all of it', async () => {
    const handshake = new Handshake(socket, { timeoutMs: 60 });
    const trickle = setInterval(() => application.write('x'), 2);
    try {
      expect(await codeOf(handshake.read(readLine))).to.equal('ERR_LSTP_HANDSHAKE_TIMEOUT');
    } finally {
      clearInterval(trickle);
    }
  });

  it('ends in time between two reads as well', async () => {
    const handshake = new Handshake(socket, { timeoutMs: 200 });
    application.write('one\n');
    expect(await handshake.read(readLine)).to.equal('one');
    expect(await codeOf(handshake.read(readLine))).to.equal('ERR_LSTP_HANDSHAKE_TIMEOUT');
    expect(await codeOf(handshake.read(readLine))).to.equal('ERR_LSTP_HANDSHAKE_TIMEOUT');
  });

  it('ends with one that says too much, or leaves in the middle', async () => {
    const handshake = new Handshake(socket, { limitBytes: 100 });
    application.write('x'.repeat(1000));
    expect(await codeOf(handshake.read(readLine))).to.equal('ERR_LSTP_HANDSHAKE_LIMIT');
    const [second, other] = await socketPair();
    second.end('half a li');
    expect(await codeOf(new Handshake(other).read(readLine))).to.equal('ERR_LSTP_HANDSHAKE_ENDED');
    other.destroy();
  });

  it('throws what its parser throws, and the stream is still the caller’s', async () => {
    const handshake = new Handshake(socket);
    application.write('x');
    const reading = handshake.read(() => {
      throw Object.assign(new Error('no such version'), { code: 'ERR_TEST' });
    });
    expect(await codeOf(reading)).to.equal('ERR_TEST');
    expect(socket.destroyed).to.equal(false);
  });
});
