/** A finger query that names a host: `ann@build.acme`, with `/W` in front for more (RFC 1288, 2.3). */
const QUERY = /^(.*)@([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])$/;

/**
 * For Handshake.read(): undefined while more bytes are needed, else what they mean and how many they are.
 * @param {Buffer} bytes
 */
export function parseQuery(bytes) {
  const end = bytes.indexOf('\n');
  if (end < 0) return undefined;
  const line = bytes.toString('latin1', 0, end).trim();
  const [, user = '', host = ''] = QUERY.exec(line) ?? [];
  if (host === '') throw new Error('ask for user@host');
  return { value: { user, host: host.replace(/^\[|\]$/g, '') }, length: end + 1 };
}
