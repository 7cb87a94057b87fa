/**
 * A cookie whose clients the X server does not trust: made by its SECURITY extension (Security Extension Specification,
 * SecurityGenerateAuthorization). There is no other way, and no way back to a trusted one.
 */
import { ChannelRefusal } from '@lstp/core';
import { MAGIC_COOKIE } from '../authority/xauthority.js';
import { padded, type XSession } from './x-session.js';

const EXTENSION = 'SECURITY';
const GENERATE_AUTHORIZATION = 1;
const WITH_TIMEOUT_AND_TRUST = 0x3;
const UNTRUSTED = 1;
/** The server forgets it so long after its last client has gone. */
const TIMEOUT_SECONDS = 60;
const DATA_LENGTH_AT = 12;
const DATA_AT = 32;

/** Rejects with ChannelRefusal where the server cannot. */
export async function untrustedCookie(session: XSession, display: string): Promise<Buffer> {
  const opcode = await session.majorOpcode(EXTENSION);
  if (opcode === undefined) throw new ChannelRefusal('refused', `display ${display}: its X server has no SECURITY extension, so that it cannot take untrusted clients; start it with that, or write "trust: trusted"`);
  const reply = await session.request(requestBody(), { opcode, data: GENERATE_AUTHORIZATION });
  if (reply === undefined) throw new ChannelRefusal('refused', `display ${display}: its X server makes no authorization for untrusted clients; is the cookie in use there an untrusted one itself?`);
  return reply.subarray(DATA_AT, DATA_AT + reply.readUInt16LE(DATA_LENGTH_AT));
}

/** u16 length of the name, u16 of data (none), u32 which values; the name; then the values in order: timeout, trust. */
function requestBody(): Buffer {
  const name = padded(Buffer.from(MAGIC_COOKIE));
  const body = Buffer.alloc(8 + name.length + 8);
  body.writeUInt16LE(MAGIC_COOKIE.length, 0);
  body.writeUInt32LE(WITH_TIMEOUT_AND_TRUST, 4);
  name.copy(body, 8);
  body.writeUInt32LE(TIMEOUT_SECONDS, 8 + name.length);
  body.writeUInt32LE(UNTRUSTED, 12 + name.length);
  return body;
}
