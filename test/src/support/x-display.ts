/** An X server without a screen to look at: a real Xvfb, with a cookie, on the first display that it finds free. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { skipBecause, type Running, type Workplace } from 'lstp/testing';
import { Screenshot } from './frame-buffer.js';

export interface XDisplayOptions {
  /** In an IPC namespace of its own, as on another machine: shared memory of clients cannot be attached. */
  readonly isElsewhere?: boolean;
  /** N of `:N`; the first free one if absent. */
  readonly display?: number;
  /** Further arguments of Xvfb. */
  readonly args?: readonly string[];
}

const SIZE = '640x480x24';

export class XDisplay {
  static #count = 0;

  static async start(place: Workplace, { isElsewhere = false, display, args = [] }: XDisplayOptions = {}): Promise<XDisplay> {
    const folder = join(place.folder, `display-${(XDisplay.#count += 1)}`);
    mkdirSync(folder);
    const authority = join(folder, 'Xauthority');
    writeFileSync(authority, cookieForAll(randomBytes(16)), { mode: 0o600 });
    const number = display === undefined ? ['-displayfd', '1'] : [`:${display}`, '-displayfd', '1'];
    const command = ['Xvfb', ...number, '-auth', authority, '-nolisten', 'tcp', '-noreset', '-nocursor', '-screen', '0', SIZE, '-fbdir', folder, ...args];
    const running = isElsewhere ? place.spawn('unshare', ['--ipc', '--fork', '--kill-child', ...command]) : place.spawn(command[0] as string, command.slice(1));
    const [, found] = await running.says(/^(\d+)\n/);
    return new XDisplay(Number(found), authority, { running, frameBuffer: join(folder, 'Xvfb_screen0') });
  }

  private constructor(
    readonly number: number,
    /** Of the server, and for its clients. */
    readonly authority: string,
    private readonly parts: { readonly running: Running; readonly frameBuffer: string },
  ) {}

  get name(): string {
    return `:${this.number}`;
  }

  /** For programs that are its clients directly. */
  get environment(): Readonly<Record<string, string>> {
    return { DISPLAY: this.name, XAUTHORITY: this.authority };
  }

  screenshot(): Screenshot {
    return Screenshot.ofFrameBuffer(this.parts.frameBuffer);
  }

  async stop(): Promise<void> {
    await this.parts.running.end('SIGTERM');
  }
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
