import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { isAlive, processTree } from '../src/process/process-tree.js';
import { Scope } from '../src/process/scope.js';

/** A process with one below it, which says so when both run. */
const FAMILY = `const { spawn } = require('node:child_process');
const below = spawn(process.execPath, ['-e', "console.log('both run'); setInterval(() => {}, 1000)"], { stdio: 'inherit' });
process.on('SIGTERM', () => {});`;

describe('scope', () => {
  it('ends a process and those below it, and removes its folder, when the work fails', async () => {
    let tree: ReturnType<typeof processTree> = [];
    let folder = '';
    const work = Scope.with(async (scope) => {
      folder = scope.temporaryFolder();
      const child = scope.start({ name: 'family', file: process.execPath, args: ['-e', FAMILY] });
      await child.untilSays(/both run/);
      tree = processTree(child.pid);
      throw new Error('as it happens');
    });
    expect(await work.catch((error: unknown) => String(error))).to.equal('Error: as it happens');
    expect(tree).to.have.lengthOf(2);
    expect(tree.filter(isAlive)).to.deep.equal([]);
    expect(existsSync(folder)).to.equal(false);
  });

  it('says how a program ended that should have said something', async () => {
    const work = Scope.with(async (scope) => {
      const child = scope.start({ name: 'brief', file: process.execPath, args: ['-e', "console.error('no configuration'); process.exit(3)"] });
      await child.untilSays(/ready/);
    });
    expect(await work.catch((error: unknown) => String(error))).to.equal('Error: /ready/ was awaited, but brief ended (exit status 3): no configuration');
  });
});
