/** What real X programs and a real Xvfb say to each other, recorded between them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import type { Readable } from 'node:stream';

/** Pieces in the order in which they came. */
export type Conversation = readonly { readonly from: 'client' | 'server'; readonly bytes: Buffer }[];

/** TCP ports of displays begin there. */
const FIRST_PORT = 6000;

export const areXProgramsThere = ['Xvfb', 'xdpyinfo', 'xterm', 'xinput'].every((name) => existsSync(`/usr/bin/${name}`));

export class RecordingDisplay {
  /** An Xvfb on the first display that is free, and a display in front of it that records. */
  static async start(): Promise<RecordingDisplay> {
    const server = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp', '-noreset', '-ac', '-screen', '0', '640x480x24'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const number = await firstLine(server.stdio[3] as Readable);
    return new RecordingDisplay(server, `/tmp/.X11-unix/X${number}`);
  }

  readonly #server: ChildProcess;
  readonly #socket: string;

  private constructor(server: ChildProcess, socket: string) {
    this.#server = server;
    this.#socket = socket;
  }

  /** Runs a program to its end; gives its output, and what was said on the first connection that it made. */
  async record(program: string, ...args: readonly string[]): Promise<{ readonly stdout: string; readonly conversation: Conversation }> {
    const conversations: { from: 'client' | 'server'; bytes: Buffer }[][] = [];
    const front = await this.#listen(conversations);
    try {
      const display = (front.address() as AddressInfo).port - FIRST_PORT;
      const child = spawn(program, args, { env: { ...process.env, DISPLAY: `127.0.0.1:${display}` }, stdio: ['ignore', 'pipe', 'ignore'] });
      let stdout = '';
      child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
      await once(child, 'close');
      return { stdout, conversation: conversations[0] ?? [] };
    } finally {
      front.close();
    }
  }

  async stop(): Promise<void> {
    const exit = once(this.#server, 'exit');
    this.#server.kill();
    await exit;
  }

  async #listen(conversations: { from: 'client' | 'server'; bytes: Buffer }[][]): Promise<Server> {
    const front = createServer((client) => {
      const conversation: { from: 'client' | 'server'; bytes: Buffer }[] = [];
      conversations.push(conversation);
      const server = connect(this.#socket);
      client.on('data', (bytes: Buffer) => conversation.push({ from: 'client', bytes }));
      server.on('data', (bytes: Buffer) => conversation.push({ from: 'server', bytes }));
      client.on('error', () => server.destroy()).on('close', () => server.destroy());
      server.on('error', () => client.destroy()).on('close', () => client.destroy());
      client.pipe(server).pipe(client);
    });
    for (;;) {
      front.listen(0, '127.0.0.1');
      await once(front, 'listening');
      if ((front.address() as AddressInfo).port >= FIRST_PORT) return front;
      front.close();
      await once(front, 'close');
    }
  }
}

async function firstLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes('\n')) return text.trim();
  }
  throw new Error('Xvfb has not started');
}
