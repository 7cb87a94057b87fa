/** Large files that nobody can compress or guess, and a web server that gives and takes them. */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';

const PIECE = Buffer.alloc(1_048_576);

/** Writes `bytes` random bytes; gives their SHA-256, hex. */
export async function writeBigFile(path: string, bytes: number): Promise<string> {
  const random = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const hash = createHash('sha256');
  const file = createWriteStream(path);
  for (let left = bytes; left > 0; left -= PIECE.length) {
    const piece = random.update(PIECE.subarray(0, Math.min(left, PIECE.length)));
    hash.update(piece);
    if (!file.write(piece)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  return hash.digest('hex');
}

/** On a Unix socket. GET gives the file; PUT answers with the SHA-256 of what came. */
export class BigFileServer {
  readonly #server: Server;

  static async start(socket: string, path: string): Promise<BigFileServer> {
    const server = createServer((request, response) => {
      if (request.method === 'PUT') void answerDigest(request, response);
      else createReadStream(path).on('error', () => response.destroy()).pipe(response);
    });
    server.listen(socket);
    await once(server, 'listening');
    return new BigFileServer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answerDigest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  try {
    for await (const piece of request as AsyncIterable<Buffer>) hash.update(piece);
    response.end(hash.digest('hex'));
  } catch {
    response.destroy();
  }
}
