/** Addresses of applications and real servers as options of services write them: `host:port`, `[v6]:port`, `unix:/path`. */

export type ApplicationAddress = { readonly kind: 'tcp'; readonly host: string; readonly port: number } | { readonly kind: 'unix'; readonly path: string };

/** Throws a plain Error that says what would be right. The chain file's check has its own, with line and column. */
export function parseApplicationAddress(text: string): ApplicationAddress {
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.slice(5) };
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) throw Object.assign(new Error(`${text} is no address; host:port, [v6]:port or unix:/path is`), { code: 'ERR_LSTP_ADDRESS' });
  return { kind: 'tcp', host, port };
}

/** `host:port`, with brackets around IPv6. IPv4 that came through an IPv6 socket is shown as IPv4. */
export function formatTcp(host: string, port: number): string {
  const plain = host.startsWith('::ffff:') ? host.slice(7) : host;
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`;
}
