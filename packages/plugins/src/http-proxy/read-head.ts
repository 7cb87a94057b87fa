/** Reads the head of the next message; what came behind it is given back to the source. */
import type { ByteSource } from './byte-source.js';
import { HttpFault } from './http-fault.js';
import { HEAD_LIMIT_BYTES, parseHead, type MessageHead } from './message-head.js';

/** Undefined: the connection ended, and nothing came before. Rejects with HttpFault, or with what broke the connection. */
export async function readHead(source: ByteSource): Promise<MessageHead | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const more = await source.next();
    if (more === undefined && bytes.length === 0) return undefined;
    if (more === undefined) throw new HttpFault(400, 'the connection ended in the middle of the head');
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more]);
    const parsed = parseHead(bytes);
    if ((parsed?.length ?? bytes.length) > HEAD_LIMIT_BYTES) throw new HttpFault(431, `the head is longer than ${HEAD_LIMIT_BYTES} bytes`);
    if (parsed === undefined) continue;
    source.unread(bytes.subarray(parsed.length));
    return parsed.value;
  }
}
