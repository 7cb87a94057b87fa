/** A dialer with a known key that speaks another version of the leg protocol. */
import { decodeJson, encodeFrame, FrameReader, legDialerMessage, lengthPrefixed, nodeCrypto, signerOf, type Body, type Frame, type NodeIdentity } from '@lstp/core';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Resolves with the ERROR that the acceptor answers. */
export async function helloOfVersion(version: number, { port, identity }: { readonly port: number; readonly identity: NodeIdentity }): Promise<Body<'ERROR'>> {
  const socket = connect({ host: '127.0.0.1', port });
  const frames = readFrames(socket);
  const { value: hello } = (await frames.next()) as { value: Frame };
  socket.write(encodeFrame('HELLO', 0, answerTo(hello.payload, version, identity)));
  const { value: answer } = (await frames.next()) as { value: Frame };
  socket.destroy();
  return decodeJson('ERROR', answer.payload);
}

/** HELLO_d, right but for the version. */
function answerTo(helloA: Buffer, version: number, { publicKey, privateKey }: NodeIdentity): Buffer {
  const { key: pinned } = JSON.parse(helloA.toString()) as { key: NodeIdentity['publicKey'] };
  const body = { version, key: publicKey, nonce: nodeCrypto.random(32).toString('base64url'), use: 'set-up', started: 1, node: 'desk' };
  const json = Buffer.from(JSON.stringify(body));
  return Buffer.concat([lengthPrefixed(json), signerOf(privateKey).sign(legDialerMessage(nodeCrypto, helloA, { json, pinned }))]);
}

async function* readFrames(socket: Socket): AsyncGenerator<Frame> {
  const reader = new FrameReader('leg');
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) yield { ...frame, payload: Buffer.from(frame.payload) };
  }
}
