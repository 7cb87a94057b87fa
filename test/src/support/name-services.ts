/** What the nodes of a chain know of names, as modules that their processes load first. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process says on stderr, before it ends, that looked up a name which is none of its business. */
export const LOOKED_UP = 'LOOKED UP';

/** Only here there is this name, of loopback. */
export const REMOTE_NAME = 'intranet.acme';

/** A process with it ends when it looks up any name. Literal addresses are none. Gives the module's path. */
export function writeNoNames(folder: string): string {
  const path = join(folder, 'no-names.cjs');
  writeFileSync(path, `${OVERRIDE}
override((host) => {
  process.stderr.write('${LOOKED_UP} ' + host + '\\n');
  process.exit(86);
});
`);
  return path;
}

/** A process with it knows REMOTE_NAME, and no other. Gives the module's path. */
export function writeRemoteNames(folder: string): string {
  const path = join(folder, 'remote-names.cjs');
  writeFileSync(path, `${OVERRIDE}
override((host) => {
  if (host.toLowerCase() === '${REMOTE_NAME}') return '127.0.0.1';
  throw Object.assign(new Error('getaddrinfo ENOTFOUND ' + host), { code: 'ENOTFOUND' });
});
`);
  return path;
}

/** Every way of node:dns to look up a name. */
const OVERRIDE = `
const dns = require('node:dns');
const { isIP } = require('node:net');
const { syncBuiltinESMExports } = require('node:module');

function override(addressOf) {
  const { lookup } = dns;
  const promised = dns.promises.lookup;
  const answer = (address, all) => (all ? [{ address, family: 4 }] : { address, family: 4 });
  dns.promises.lookup = async (host, options) => (isIP(host) ? promised(host, options) : answer(addressOf(host), options?.all));
  dns.lookup = (host, options, callback) => {
    const done = callback ?? options;
    if (isIP(host)) return lookup(host, options, callback);
    let address;
    try {
      address = addressOf(host);
    } catch (error) {
      return void process.nextTick(done, error);
    }
    process.nextTick(() => (options?.all ? done(null, answer(address, true)) : done(null, address, 4)));
  };
  for (const module of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
    for (const name of Object.getOwnPropertyNames(module).filter((one) => /^resolve/.test(one))) module[name] = addressOf;
  }
  syncBuiltinESMExports();
}
`;
