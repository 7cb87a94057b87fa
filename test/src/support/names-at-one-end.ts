/** Two ends, a process each, of which only one can look up names: every look-up is said on stderr, at desk it fails. */
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { BIN, freePorts, type Running, type Workplace } from 'lstp/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Services in YAML's flow style. `www.acme` is 127.0.0.1 at lab; other names of acme do not exist there. */
export async function startWithNames(place: Workplace, services: readonly string[]): Promise<{ readonly desk: Running; readonly lab: Running }> {
  const [port = 0] = await freePorts(1);
  const [deskKey, labKey] = ['desk', 'lab'].map((node) => publicKeyOf(createKeyFile(keyFilePath(join(place.folder, 'keys'), node))));
  const nodes = [`  desk: { key: "${deskKey}" }`, `  lab: { key: "${labKey}", listen: "127.0.0.1:${port}" }`];
  writeFileSync(join(place.folder, 'chain.yaml'), ['lstp: 1', 'nodes:', ...nodes, 'tunnels:', '  acme:', '    route: desk > lab', '    services:', ...services.map((line) => `      ${line}`), ''].join('\n'));
  const desk = start(place, 'desk', 'undefined');
  const lab = start(place, 'lab', "name === 'www.acme' ? '127.0.0.1' : undefined");
  await Promise.all([desk.says(/lstp: desk ready\n/), lab.says(/lstp: lab ready\n/)]);
  return { desk, lab };
}

/** `address` is an expression of `name`. Literal addresses are no look-up. */
function start(place: Workplace, node: string, address: string): Running {
  const preload = join(place.folder, `names-of-${node}.mjs`);
  writeFileSync(
    preload,
    `import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';
const { lookup } = dns;
const { lookup: lookupLater } = dns.promises;
const found = (name) => {
  process.stderr.write('looked up ' + name + '\\n');
  const address = ${address};
  if (address === undefined) throw Object.assign(new Error('getaddrinfo ENOTFOUND ' + name), { code: 'ENOTFOUND' });
  return address;
};
dns.lookup = (name, options, done = options) => {
  if (isIP(name) !== 0) return lookup(name, options, done);
  try {
    const address = found(name);
    if (options.all) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  } catch (error) {
    done(error);
  }
};
dns.promises.lookup = async (name, options) => {
  if (isIP(name) !== 0) return lookupLater(name, options);
  const address = found(name);
  return options?.all ? [{ address, family: 4 }] : { address, family: 4 };
};
syncBuiltinESMExports();
`,
  );
  return place.spawn(process.execPath, ['--import', pathToFileURL(preload).href, BIN, 'up', 'chain.yaml', '--as', node, '--keys', 'keys']);
}
