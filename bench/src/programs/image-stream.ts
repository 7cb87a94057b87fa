/**
 * Program: an X client that fills the screen with images, as fast as they are taken, for so many seconds; then asks a question
 * and waits for the answer. Prints MB/s. Finds the display by DISPLAY; the cookie ends the file XAUTHORITY. Low byte first.
 *
 *   node image-stream.js SECONDS
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

const { DISPLAY = ':0', XAUTHORITY = '' } = process.env;
const OPCODE = { createWindow: 1, mapWindow: 8, getInputFocus: 43, createGC: 55, putImage: 72 } as const;
/** Units of 4 bytes of the longest request that every server takes. */
const MOST_UNITS = 65_535;
const PIXEL_BYTES = 4;
const OVERRIDE_REDIRECT = 0x200;
const Z_PIXMAP = 2;

interface Screen {
  readonly window: number;
  readonly root: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

const socket = dial();
const screen = await setUp(socket);
await write(createWindow(screen));
const seconds = Number(process.argv[2] ?? 1);
const frame = strips(screen);
const start = performance.now();
let bytes = 0;
while (performance.now() - start < seconds * 1000) {
  for (const strip of frame) {
    await write(strip);
    bytes += strip.length;
  }
}
const answered = once(socket, 'data');
await write(request(OPCODE.getInputFocus, 0, Buffer.alloc(0)));
await answered;
process.stdout.write(`${bytes / 1000 / (performance.now() - start)}\n`);
socket.destroy();

function dial(): Socket {
  const [, host = '', display = '0'] = /^(.*):(\d+)(?:\.\d+)?$/.exec(DISPLAY) ?? [];
  return host === '' ? connect({ path: `/tmp/.X11-unix/X${display}` }) : connect({ host, port: 6000 + Number(display), noDelay: true });
}

/** Resolves when more may be written. */
async function write(data: Buffer): Promise<void> {
  if (!socket.write(data)) await once(socket, 'drain');
}

async function setUp(server: Socket): Promise<Screen> {
  const cookie = readFileSync(XAUTHORITY).subarray(-16);
  server.write(Buffer.concat([Buffer.from([0x6c, 0, 11, 0, 0, 0, 18, 0, 16, 0, 0, 0]), Buffer.from('MIT-MAGIC-COOKIE-1\0\0'), cookie]));
  let answer = Buffer.alloc(0);
  while (answer.length < 8 || answer.length < 8 + answer.readUInt16LE(6) * 4) answer = Buffer.concat([answer, ((await once(server, 'data')) as [Buffer])[0]]);
  if (answer[0] !== 1) throw new Error(answer.toString('latin1', 8, 8 + (answer[1] ?? 0)));
  const at = 40 + Math.ceil(answer.readUInt16LE(24) / 4) * 4 + (answer[29] ?? 0) * 8;
  return { window: answer.readUInt32LE(12) + 1, root: answer.readUInt32LE(at), width: answer.readUInt16LE(at + 20), height: answer.readUInt16LE(at + 22), depth: answer[at + 38] ?? 0 };
}

/** Of the size of the screen, without a window manager's leave; and a graphics context of the next number. */
function createWindow({ window, root, width, height }: Screen): Buffer {
  const create = request(OPCODE.createWindow, 0, words([u32(window), u32(root), u16(0), u16(0), u16(width), u16(height), u16(0), u16(0), u32(0), u32(OVERRIDE_REDIRECT), u32(1)]));
  const map = request(OPCODE.mapWindow, 0, u32(window));
  const context = request(OPCODE.createGC, 0, words([u32(window + 1), u32(window), u32(0)]));
  return Buffer.concat([create, map, context]);
}

/** PutImage requests that are one picture together: as many lines in each as it takes. */
function strips({ window, width, height, depth }: Screen): Buffer[] {
  const most = Math.floor((MOST_UNITS * 4 - 24) / (width * PIXEL_BYTES));
  return Array.from({ length: Math.ceil(height / most) }, (_, index) => {
    const lines = Math.min(most, height - index * most);
    const pixels = Buffer.alloc(lines * width * PIXEL_BYTES);
    for (let at = 0; at < pixels.length; at += PIXEL_BYTES) pixels.writeUInt32LE(Math.imul(at + index, 0x9e3779b1) & 0x00_ff_ff_ff, at);
    return request(OPCODE.putImage, Z_PIXMAP, words([u32(window), u32(window + 1), u16(width), u16(lines), u16(0), u16(index * most), Buffer.of(0, depth, 0, 0), pixels]));
  });
}

function request(opcode: number, data: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(opcode, data), u16(1 + body.length / 4), body]);
}

function words(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
