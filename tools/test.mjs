#!/usr/bin/env node
/**
 * `npm test`: builds, installs what the tests need, runs every spec.
 *
 *   npm test                              everything
 *   npm test -- --grep 'half-close'       any option of mocha
 *   npm test -- packages/core/test/protocol/frame.spec.ts
 *   npm test -- packages/legs            all of a folder
 *   LSTP_TEST_INSTALL=0 npm test          installs no Debian package
 *
 * The last line of standard output is `N passed, N failed[, N skipped]`; the exit status is 0 if nothing failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEBIAN_PACKAGES } from './debian-packages.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));

build();
installMissingPackages();
runMocha(process.argv.slice(2));

function build() {
  const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(1);
}

function installMissingPackages() {
  const missing = Object.keys(DEBIAN_PACKAGES).filter((name) => !existsSync(DEBIAN_PACKAGES[name]));
  if (missing.length === 0 || process.env.LSTP_TEST_INSTALL === '0' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  process.stdout.write(`installing Debian packages that tests need: ${missing.join(' ')} (LSTP_TEST_INSTALL=0 forbids it)\n`);
  const options = { stdio: ['ignore', 'ignore', 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-qq'], options);
  const { status } = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], options);
  if (status !== 0) process.stdout.write('installing failed; the tests that need them are skipped\n');
}

function runMocha(given) {
  const wanted = given.filter((argument) => argument.endsWith('.spec.ts')).map(compiled);
  const folders = given.filter((argument) => existsSync(argument) && statSync(argument).isDirectory()).map((folder) => join(compiled(folder), '/'));
  if (folders.length > 0) wanted.push(...allSpecs().filter((spec) => folders.some((folder) => spec.startsWith(folder))));
  const options = given.filter((argument) => !argument.endsWith('.spec.ts') && !existsSync(argument));
  const specs = wanted.length > 0 ? wanted : allSpecs();
  if (specs.length === 0) {
    process.stderr.write('no spec found: is the build complete?\n');
    process.exit(1);
  }
  const mocha = ['--enable-source-maps', 'node_modules/mocha/bin/mocha.js', '--forbid-only', '--timeout', '60000', '--reporter', './tools/reporter.cjs', ...options, ...specs];
  const child = spawn(process.execPath, mocha, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 1;
  });
}

/** Compiled specs: each package's, then the whole system's, which are slow. */
function allSpecs() {
  const packages = readdirSync('packages').map((name) => join('packages', name));
  return [...packages, 'bench', 'test'].flatMap(specsOf);
}

/** Only those whose source is there: tsc leaves the output of a deleted spec behind. */
function specsOf(folder) {
  const dist = join(folder, 'dist');
  if (!existsSync(dist)) return [];
  return readdirSync(dist, { recursive: true })
    .filter((file) => file.endsWith('.spec.js'))
    .filter((file) => existsSync(join(folder, file.replace(/\.js$/, '.ts'))))
    .sort()
    .map((file) => join(dist, file));
}

/** packages/core/test/x.spec.ts -> packages/core/dist/test/x.spec.js */
function compiled(source) {
  const file = relative('.', source);
  const depth = file.startsWith('packages') ? 2 : 1;
  const parts = file.split('/');
  return join(...parts.slice(0, depth), 'dist', ...parts.slice(depth)).replace(/\.ts$/, '.js');
}
