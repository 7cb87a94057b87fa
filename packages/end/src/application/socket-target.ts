/** Service addresses as node:net takes them. */
import type { ServiceAddress } from '@lstp/core';

/** For connect() and listen(). A path that begins with `@` is in Linux's abstract namespace. */
export function socketTarget(address: ServiceAddress): { path: string } | { host: string; port: number } {
  if (address.kind === 'tcp') return { host: address.host, port: address.port };
  return { path: address.path.startsWith('@') ? `\0${address.path.slice(1)}` : address.path };
}

/** IPv4 that came through an IPv6 socket is shown as IPv4. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
}
