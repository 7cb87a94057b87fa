import { createLogger } from '@lstp/core/observe';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planOne } from '../src/node/index.js';

describe('a node of several chain files', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lstp-plan-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A customer's file: west and two ends of its own. */
  function write(file: string, tunnel: string, route = 'desk > west < lab'): string {
    const west = publicKeyOf(keys.west ??= createKeyFile(keyFilePath(folder, 'west')));
    const [desk, lab] = ['desk', 'lab'].map((end) => publicKeyOf(createKeyFile(keyFilePath(join(folder, file), end))));
    const path = join(folder, `${file}.yaml`);
    writeFileSync(path, `lstp: 1\nnodes:\n  desk: { key: "${desk}", listen: "127.0.0.1:7072" }\n  west: { key: "${west}", listen: "127.0.0.1:7070" }\n  lab: { key: "${lab}" }\ntunnels:\n  ${tunnel.replace('{', `{ route: ${route}, `)}\n`);
    return path;
  }
  const keys: { west?: ReturnType<typeof createKeyFile> } = {};
  beforeEach(() => delete keys.west);

  const plan = async (...files: readonly string[]) => planOne(files, { as: 'west', keys: folder }, await createLogger({ level: 'silent' }));
  const refusal = (...files: readonly string[]) => plan(...files).then(() => 'none', (error: Error) => error.message);

  it('relays tunnels that two customers have given one name', async () => {
    expect((await plan(write('one', 'main: {}'), write('two', 'main: {}'))).chains).to.have.length(2);
  });

  it('does not look at tunnels that lead past it', async () => {
    expect((await plan(write('one', 'main: {}', 'desk > west'), write('two', 'main: {}', 'lab > desk'))).chains).to.have.length(2);
  });

  it('is no end of two tunnels with one name', async () => {
    expect(await refusal(write('one', 'main: {}', 'desk > west'), write('two', 'main: { common: other }', 'desk > west'))).to.match(/^tunnel main is in both .*one\.yaml and .*two\.yaml; a node runs a tunnel once/);
  });

  it('says what is wrong in each of several files, as it does for a reload', async () => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, `${name}.yaml`));
    for (const file of [one, two]) writeFileSync(file as string, 'lstp: 1\nnode: {}\n');
    expect(await refusal(one as string, two as string)).to.match(/one\.yaml:2:1: unknown key "node"[^]*two\.yaml:2:1: unknown key "node"/);
  });

  for (const [what, route] of [['another end', 'desk > west'], ['a relay', 'desk > west < lab']] as const) {
    it(`is no end of a tunnel with the common name of one of which it is ${what}`, async () => {
      expect(await refusal(write('one', 'a: { common: x }', 'desk > west'), write('two', 'b: { common: x }', route))).to.match(/^tunnel a of .*one\.yaml and tunnel b of .*two\.yaml have one common name, "x"; .*`common:`/);
    });
  }
});
