/** An X server without a screen to look at: a real Xvfb, with a cookie, on the first display that it finds free. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, skipBecause, type Running, type Workplace } from 'lstp/testing';
import { Screenshot } from './frame-buffer.js';

export interface XDisplayOptions {
  /** In an IPC namespace of its own, as on another machine: shared memory of clients cannot be attached. */
  readonly isElsewhere?: boolean;
  /** Further arguments of Xvfb. */
  readonly args?: readonly string[];
}

const SIZE = '640x480x24';
const TCP_PORT_OF_DISPLAY_0 = 6000;

export class XDisplay {
  static #count = 0;

  static async start(place: Workplace, options: XDisplayOptions = {}): Promise<XDisplay> {
    const folder = join(place.folder, `display-${(XDisplay.#count += 1)}`);
    mkdirSync(folder);
    const display = new XDisplay(place, folder, options);
    await display.#run();
    return display;
  }

  /** N of `:N`. */
  number = 0;
  /** Of the server, and for its clients. */
  readonly authority: string;
  readonly #frameBuffer: string;
  #running: Running | undefined;

  private constructor(
    private readonly place: Workplace,
    private readonly folder: string,
    private readonly options: XDisplayOptions,
  ) {
    this.authority = join(folder, 'Xauthority');
    this.#frameBuffer = join(folder, 'Xvfb_screen0');
  }

  get name(): string {
    return `:${this.number}`;
  }

  /** For programs that are its clients directly. */
  get environment(): Readonly<Record<string, string>> {
    return { DISPLAY: this.name, XAUTHORITY: this.authority };
  }

  screenshot(): Screenshot {
    return Screenshot.ofFrameBuffer(this.#frameBuffer);
  }

  /** In order: it takes its lock and its sockets away. */
  async stop(): Promise<void> {
    await this.#running?.end('SIGTERM');
    this.#running = undefined;
  }

  /** As the same display, with another cookie. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#run(this.number);
  }

  /** A program that is its client without a tunnel. */
  runDirect(program: string, ...args: readonly string[]): Running {
    return this.place.spawn('env', [...Object.entries(this.environment).map(([key, value]) => `${key}=${value}`), program, ...args]);
  }

  async #run(display?: number): Promise<void> {
    const { isElsewhere = false, args = [] } = this.options;
    writeFileSync(this.authority, cookieForAll(randomBytes(16)), { mode: 0o600 });
    const which = display === undefined ? [] : [`:${display}`];
    const command = ['Xvfb', ...which, '-displayfd', '1', '-auth', this.authority, '-nolisten', 'tcp', '-noreset', '-nocursor', '-screen', '0', SIZE, '-fbdir', this.folder, ...args];
    this.#running = isElsewhere ? this.place.spawn('unshare', ['--ipc', ...command]) : this.place.spawn('Xvfb', command.slice(1));
    const [, found] = await this.#running.says(/^(\d+)\n/);
    this.number = Number(found);
  }
}

/** N of a display beyond those that others take by themselves (what is gone stays gone), with a free port: TCP alone serves it as well. */
export async function freeDisplay(): Promise<number> {
  return (await freePort()) - TCP_PORT_OF_DISPLAY_0;
}

/** Skips the suite where a program is missing, or we may not make namespaces. */
export function needsPrograms(context: Mocha.Context, ...paths: readonly string[]): void {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) skipBecause(context, `${missing} is not installed`);
  if (process.getuid?.() !== 0) skipBecause(context, 'only root may make an IPC namespace');
}

/** One record of an Xauthority file: of any address (65535), for any display. */
function cookieForAll(cookie: Buffer): Buffer {
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
  return Buffer.concat([Buffer.of(0xff, 0xff), field(Buffer.alloc(0)), field(Buffer.alloc(0)), field(Buffer.from('MIT-MAGIC-COOKIE-1')), field(cookie)]);
}
