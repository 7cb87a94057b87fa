/**
 * Local control of one node: HTTP over a Unix socket (a named pipe on Windows) that only its owner can reach.
 *
 *   GET  /status        ControlStatus as JSON
 *   GET  /metrics       Prometheus text
 *   POST /reload        ReloadReport as JSON; 409 and the error's text when the files are wrong
 *   POST /connect?service=…&tunnel=…&target=…   with `Upgrade: lstp-connect`: 101, then raw bytes both ways
 *   GET  /connect/ID    how that channel ended: headers at once, JSON when it has (ID is in the 101's LSTP-Channel)
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect as connectTo, type Socket } from 'node:net';
import type { Metrics } from '@lstp/core/observe';
import { ConnectEndpoint } from './connect-endpoint.js';
import { controlPath, prepareControlDirectory } from './control-path.js';
import type { ControlledNode, ControlStatus } from './controlled-node.js';

const REQUEST_HEADER_BYTES = 8192;
const REQUEST_TIMEOUT_MS = 10_000;
const JSON_TYPE = { 'content-type': 'application/json' } as const;

export class ControlServer {
  readonly path: string;
  readonly #node: ControlledNode;
  readonly #server: Server;
  readonly #connect: ConnectEndpoint;
  #metrics: Promise<Metrics> | undefined;

  constructor(node: ControlledNode) {
    this.#node = node;
    this.path = controlPath(node.name, node.publicKey);
    this.#connect = new ConnectEndpoint(node.running);
    this.#server = createServer({ maxHeaderSize: REQUEST_HEADER_BYTES, headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      this.#answer(request, response).catch((error: Error) => reply(response, 500, { error: error.message }));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => this.#connect.handleUpgrade(request, socket, head));
  }

  /** Rejects with ERR_LSTP_ALREADY_RUNNING where a process runs this node already; takes over the socket of a dead one. */
  async start(): Promise<void> {
    prepareControlDirectory();
    try {
      await listen(this.#server, this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      if (await isAlive(this.path)) throw await this.#alreadyRunning();
      rmSync(this.path, { force: true });
      await listen(this.#server, this.path);
    }
    if (process.platform !== 'win32') chmodSync(this.path, 0o600);
  }

  /** Ends what it carries, `lstp connect` included; the socket file goes. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#connect.stop();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // No answer depends on a body; what comes of one is read past, up to where HTTP's own limits end it.
    request.resume();
    const { pathname } = new URL(request.url ?? '/', 'http://control');
    const route = `${request.method} ${pathname}`;
    if (route === 'GET /status') return reply(response, 200, this.#status());
    if (route === 'GET /metrics') return this.#replyMetrics(response);
    if (route === 'POST /reload') return this.#reload(response);
    if (route.startsWith('GET /connect/')) return this.#replyOutcome(response, pathname.slice('/connect/'.length));
    reply(response, 404, { error: `${route}: there are GET /status, GET /metrics, POST /reload and POST /connect` });
  }

  #status(): ControlStatus {
    return { ...this.#node.running.status(), files: this.#node.files };
  }

  async #replyMetrics(response: ServerResponse): Promise<void> {
    this.#metrics ??= import('@lstp/core/observe').then(({ createMetrics }) => createMetrics(() => this.#node.running.status()));
    const metrics = await this.#metrics;
    response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text());
  }

  async #reload(response: ServerResponse): Promise<void> {
    try {
      reply(response, 200, await this.#node.reload());
    } catch (error) {
      reply(response, 409, { error: (error as Error).message });
    }
  }

  /** The answer begins at once, so that who waits for a long time knows that there is one to wait for. */
  async #replyOutcome(response: ServerResponse, id: string): Promise<void> {
    const outcome = this.#connect.takeOutcome(id);
    if (outcome === undefined) return reply(response, 404, { error: `no channel ${id} of lstp connect` });
    response.writeHead(200, JSON_TYPE).flushHeaders();
    response.end(`${JSON.stringify(await outcome)}\n`);
  }

  async #alreadyRunning(): Promise<Error> {
    const { fetchStatus } = await import('./control-client.js');
    const pid = await fetchStatus(this.path).then(
      (status) => `process ${status.pid}`,
      () => 'a process that does not answer',
    );
    return Object.assign(new Error(`${this.#node.name} runs already on this machine: ${pid} (control socket ${this.path}); stop that one first`), { code: 'ERR_LSTP_ALREADY_RUNNING' });
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, JSON_TYPE).end(`${JSON.stringify(body)}\n`);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      // The system may fail to accept: the next time it may not.
      server.off('error', reject).on('error', () => {});
      resolve();
    });
  });
}

/** Whether someone accepts at `path`; a dead process leaves its socket behind, which refuses. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
