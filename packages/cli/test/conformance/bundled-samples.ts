/** What the conformance suites need to know of each bundled plugin. A plugin without a line here fails its test. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { hashPassword } from '@lstp/core/security';
import { readUntil, type PluginSample } from '../../src/conformance/index.js';

/** SOCKS 5 (RFC 1928): no authentication, CONNECT to an IPv4 address. */
async function openSocks(client: Socket, target: string): Promise<undefined> {
  const [host = '', port] = target.split(':');
  client.write(Buffer.of(5, 1, 0));
  assert.deepEqual([...(await readUntil(client, (bytes) => (bytes.length >= 2 ? 2 : undefined)))], [5, 0]);
  client.write(Buffer.from([5, 1, 0, 1, ...host.split('.').map(Number), Number(port) >> 8, Number(port) & 0xff]));
  const reply = await readUntil(client, (bytes) => (bytes.length >= 10 ? 10 : undefined));
  assert.equal(reply[1], 0, 'the reply of success');
}

/** Of the whole conversation of a refused client. */
function refusedBySocks(_reason: string, received: Buffer): void {
  assert.deepEqual([...received.subarray(0, 3)], [5, 0, 5], 'a choice of method and a reply');
  assert.notEqual(received[3], 0, 'it was told that all is well');
}

/** HTTP CONNECT (RFC 9110, section 9.3.6). */
async function openHttp(client: Socket, target: string): Promise<undefined> {
  client.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const answer = await readUntil(client, (bytes) => (bytes.includes('\r\n\r\n') ? bytes.indexOf('\r\n\r\n') + 4 : undefined));
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /, 'the answer of success');
}

function refusedByHttp(_reason: string, received: Buffer): void {
  assert.match(received.toString(), /^HTTP\/1\.1 (?:403|50[234]) [^]*\r\n\r\nlstp: .+\n$/, 'a status that says so, and one line why');
}

/** Of ann: scrypt takes its time, so it is made once. */
const HASH = await hashPassword('a good password');

function writeUsers(folder: string): string {
  const file = join(folder, 'users');
  writeFileSync(file, `ann:${HASH}:ops,web\n`, { mode: 0o600 });
  return file;
}

/** X clients find the cookie where the service has written it; checks run one after the other. */
let xauthority = '';

/** The display whose port an address has; undefined where that is any, or none of a display. */
function displayOf(address: string): number | undefined {
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  return port < 6000 ? undefined : port - 6000;
}

/** The beginning of an X client's connection: low byte first, version 11.0; the cookie ends the file that was written last. */
async function openDisplay(client: Socket): Promise<Uint8Array> {
  const cookie = readFileSync(xauthority).subarray(-16);
  const name = Buffer.from('MIT-MAGIC-COOKIE-1\0\0');
  client.write(Buffer.concat([Buffer.from([0x6c, 0, 11, 0, 0, 0, 18, 0, 16, 0, 0, 0]), name, cookie]));
  return BARE_SETUP;
}

/** What of it goes to the other end: no cookie. */
const BARE_SETUP = Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

function refusedByDisplay(_reason: string, received: Buffer): void {
  assert.deepEqual([...received.subarray(0, 1), ...received.subarray(2, 4)], [0, 11, 0], "an X server's refusal");
  assert.match(received.toString('latin1', 8, 8 + (received[1] ?? 0)), /^lstp: ./, 'why');
}

/** GetInputFocus, answered; before it a set-up without any screen. */
const X_CONVERSATION = {
  says: Buffer.concat([BARE_SETUP, Buffer.from([43, 0, 1, 0])]),
  answer: Buffer.concat([Buffer.from([1, 0, 11, 0, 0, 0, 8, 0]), Buffer.alloc(32), Buffer.from([1, 0, 1, 0]), Buffer.alloc(28)]),
};

export const BUNDLED_SAMPLES: Readonly<Record<string, PluginSample>> = {
  brotli: {},
  forward: { options: ({ listen, to }) => ({ listen, to }) },
  'http-egress': {},
  'http-proxy': { options: ({ listen }) => ({ listen }), frontEnd: { open: openHttp, refused: refusedByHttp } },
  login: {
    options: ({ folder }) => ({ user: 'ann', password: 'a good password', users: writeUsers(folder) }),
    login: { right: { user: 'ann', proof: 'a good password' }, groups: ['ops', 'web'] },
  },
  record: { options: ({ folder }) => ({ file: join(folder, 'recording.pcapng') }) },
  socks: { options: ({ listen }) => ({ listen }), frontEnd: { open: openSocks, refused: refusedBySocks } },
  'socks-egress': {},
  stdio: {},
  tls: {},
  'tls-leg': {},
  udp: { options: ({ listen, to }) => ({ listen, to }) },
  websocket: {},
  x11: {
    options: ({ listen, to, folder }) => {
      xauthority = join(folder, 'Xauthority');
      const display = displayOf(listen);
      return { ...(display === undefined ? {} : { display }), sockets: ['tcp'], xauthority, to: `127.0.0.1:${displayOf(to) ?? 0}`, toXauthority: join(folder, 'none') };
    },
    frontEnd: { open: openDisplay, refused: refusedByDisplay },
    backEnd: { conversation: X_CONVERSATION },
  },
  zlib: {},
  zstd: {},
};
