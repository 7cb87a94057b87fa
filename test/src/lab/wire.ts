/** What a stream of a leg looks like from outside: frames of LSTP, then records of TLS, and nothing else. */

/** Frames of set-up, liveness and news, by their type: docs/spec.md, "Messages". */
const CLEAR_FRAMES = new Set([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x38, 0x39]);
/** Record types of TLS, and its version as every record has it (RFC 8446, section 5.1). */
const TLS_RECORDS = new Set([0x14, 0x15, 0x16, 0x17]);
const TLS_VERSION_MAJOR = 0x03;

/** What is wrong, with its offset; undefined where all is as it should be. The stream may end anywhere. */
export function strangeness(stream: Buffer): string | undefined {
  let at = 0;
  while (at < stream.length && !TLS_RECORDS.has(stream.readUInt8(at))) {
    if (!CLEAR_FRAMES.has(stream.readUInt8(at))) return `0x${stream.readUInt8(at).toString(16)} at ${at} begins no frame`;
    if (at + 8 > stream.length) return undefined;
    at += 8 + stream.readUIntBE(at + 1, 3);
  }
  while (at < stream.length) {
    if (!TLS_RECORDS.has(stream.readUInt8(at))) return `0x${stream.readUInt8(at).toString(16)} at ${at} begins no record of TLS`;
    if (at + 5 > stream.length) return undefined;
    if (stream.readUInt8(at + 1) !== TLS_VERSION_MAJOR) return `version ${stream.readUInt8(at + 1)} at ${at} is none of TLS`;
    at += 5 + stream.readUInt16BE(at + 3);
  }
  return undefined;
}
