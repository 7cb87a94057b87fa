/** The "intranet" at the far end of a trial: a page that says how it was reached, and as many bytes as one asks for. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

const CHUNK = Buffer.alloc(65_536, 'lstp ');
const MAX_BYTES = 1e12;

export interface DemoServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens on a free port of loopback. */
export async function startDemoServer(): Promise<DemoServer> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const bytes = /^\/bytes\/(\d{1,12})$/.exec(request.url ?? '');
  if (bytes !== null) return sendBytes(response, Math.min(Number(bytes[1]), MAX_BYTES));
  if (request.url !== '/') return void response.writeHead(404, { 'content-type': 'text/plain' }).end('There is / and /bytes/NUMBER here.\n');
  const wantsHtml = request.headers.accept?.includes('text/html') === true;
  response.writeHead(200, { 'content-type': `text/${wantsHtml ? 'html' : 'plain'}; charset=utf-8` }).end(wantsHtml ? PAGE : TEXT);
}

function sendBytes(response: ServerResponse, length: number): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length });
  Readable.from(chunks(length), { objectMode: false, highWaterMark: CHUNK.length }).pipe(response);
}

function* chunks(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= CHUNK.length) yield left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
}

const TEXT = `Hello from the intranet behind the second firewall.

You came this way, and no firewall had to let anything in:

  you --> desk --> |firewall| --> west --> east <-- |firewall| <-- lab --> this page

What desk and lab said to each other was under TLS all the way: west and east passed it on
and could not read it.
`;

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lstp: the intranet</title>
<style>body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 4rem auto; padding: 0 1rem } pre { padding: 1rem; overflow: auto; background: #8882; border-radius: .5rem } :root { color-scheme: light dark }</style>
<h1>Hello from the intranet behind the second firewall.</h1>
<p>You came this way, and no firewall had to let anything in:
<pre>you → desk → ┃firewall┃ → west → east ← ┃firewall┃ ← lab → this page</pre>
<p>What <i>desk</i> and <i>lab</i> said to each other was under TLS all the way: <i>west</i> and <i>east</i> passed it on and could not read it.
</html>
`;
