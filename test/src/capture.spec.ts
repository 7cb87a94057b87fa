/** What a relay's wire shows to one who listens there. */
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { expect } from 'chai';
import { freePorts, skipBecause, Workplace } from 'lstp/testing';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { disguises } from './support/disguises.js';
import { EchoServers } from './support/echo-servers.js';
import { eventually } from './support/eventually.js';
import { PacketCapture, whyNoCapture } from './support/packet-capture.js';

/** So often that some of them are whole in a segment, wherever it is cut. */
const REPEATS = 4000;
const unique = (what: string): string => `${what}-${randomBytes(12).toString('hex')}`;

describe('a capture at the relay', function () {
  this.timeout(60_000);
  const tunnel = unique('acquisition-of-globex');
  const service = unique('payroll-database');
  const marker = unique('salary-of-the-director');
  const relay = unique('relay');
  let place: Workplace;
  let servers: EchoServers;
  let capture: PacketCapture;
  let streams: Map<string, Buffer>;
  let ports: { relay: number; front: number; plain: number };

  before(async function () {
    const reason = whyNoCapture();
    if (reason !== undefined) skipBecause(this, reason);
    place = new Workplace();
    servers = await EchoServers.start(place.folder);
    const [atRelay = 0, front = 0] = await freePorts(2);
    ports = { relay: atRelay, front, plain: Number(servers.tcp.split(':')[1]) };
    writeChain();
    capture = await PacketCapture.start(join(place.folder, 'relay.pcap'), [ports.relay, ports.plain]);
    await runAll();
    await capture.stop();
    streams = capture.streams();
  });
  after(async () => {
    await place?.remove();
    await servers?.stop();
  });

  it('sees what goes over it: the plain connection has the text, the legs have as many bytes', () => {
    expect(found(marker, toPort(ports.plain))).to.deep.equal(['clear']);
    const carried = toPort(ports.relay).reduce((sum, { length }) => sum + length, 0);
    // From desk, and what lab sent back.
    expect(carried).to.be.greaterThan(2 * REPEATS * marker.length);
  });

  it('would find the text in hex, and in base64 however it is aligned', () => {
    const hidden = ['', 'x', 'xy'].map((before) => Buffer.from(`${before}${marker}z`));
    for (const bytes of hidden) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const) expect(found(marker, [Buffer.from(bytes.toString(encoding))]), encoding).not.to.deep.equal([]);
    }
  });

  it('has the set-up of legs in clear: the name of the relay, and public keys', () => {
    expect(found(relay, legs())).to.include('clear');
    expect(found('ed25519:', legs())).to.include('clear');
  });

  for (const [what, secret] of [['the application’s data', marker], ['the name of the service', service], ['the name of the tunnel', tunnel]] as const) {
    it(`has not ${what}, neither in clear nor in hex nor in base64`, () => {
      expect(found(secret, legs())).to.deep.equal([]);
    });
  }

  /** Both directions of every leg. */
  function legs(): Buffer[] {
    return [...streams].filter(([flow]) => flow.split('>').includes(String(ports.relay))).map(([, bytes]) => bytes);
  }

  function toPort(port: number): Buffer[] {
    return [...streams].filter(([flow]) => flow.endsWith(`>${port}`)).map(([, bytes]) => bytes);
  }

  function writeChain(): void {
    const [desk, middle, lab] = ['desk', relay, 'lab'].map((node) => publicKeyOf(createKeyFile(keyFilePath(join(place.folder, 'keys'), node))));
    const nodes = `  desk: { key: "${desk}" }\n  ${relay}: { key: "${middle}", listen: "127.0.0.1:${ports.relay}" }\n  lab: { key: "${lab}" }`;
    const services = `      ${service}: { at: desk, listen: "127.0.0.1:${ports.front}", to: "${servers.unix}" }`;
    writeFileSync(join(place.folder, 'chain.yaml'), `lstp: 1\nnodes:\n${nodes}\ntunnels:\n  ${tunnel}:\n    route: desk > ${relay} < lab\n    services:\n${services}\n`);
  }

  /** The whole life: three processes, a transfer each way, an orderly end; then the same transfer without a tunnel. */
  async function runAll(): Promise<void> {
    const running = [relay, 'lab', 'desk'].map((node) => ({ node, process: place.start(['up', 'chain.yaml', '--as', node, '--keys', 'keys']) }));
    await Promise.all(running.map(({ node, process }) => process.says(new RegExp(`lstp: ${node} ready\\n`))));
    expect(await echoed(ports.front)).to.equal(marker.repeat(REPEATS));
    for (const { process } of [...running].reverse()) expect((await process.end()).status).to.equal(0);
    expect(await echoed(ports.plain)).to.equal(marker.repeat(REPEATS));
    const last = unique('last');
    connect(ports.plain, '127.0.0.1').end(last).resume();
    await eventually(() => capture.has(Buffer.from(last)), () => 'the last packet to be captured');
  }

  async function echoed(port: number): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.end(marker.repeat(REPEATS));
    await once(socket, 'end');
    return Buffer.concat(chunks).toString();
  }
});

/** The forms in which `text` is in one of `streams`. */
function found(text: string, streams: readonly Buffer[]): string[] {
  return [...disguises(text)].filter(([, form]) => streams.some((bytes) => bytes.includes(form))).map(([name]) => name);
}
