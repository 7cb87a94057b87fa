/** What the module of a plugin must do when it is imported: nothing. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PluginCatalogue } from '@lstp/core';
import { checksOf, type Check } from './check.js';

/** For a fresh process that imports it; it ends by itself when nothing is left open. */
const IMPORT_MS = 30_000;

/** `url` is the module's, as import.meta.resolve() gives it. */
export function conformsAsModule(url: string): Check[] {
  return checksOf('module', {
    'exports a plugin by default': async (place) => {
      const { faults } = await new PluginCatalogue([]).withModules([url], place.folder);
      assert.deepEqual(faults.map(({ message }) => message), []);
    },
    'does nothing when it is imported': async (place) => {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', importing(url)], { cwd: place.folder, timeout: IMPORT_MS });
      assert.equal(`${stdout}${stderr}`, '', 'it prints something');
    },
  });
}

/** As a node does, which has the reflection that decorators need before it imports any plugin. */
function importing(url: string): string {
  return [import.meta.resolve('reflect-metadata'), url].map((module) => `await import(${JSON.stringify(module)});`).join('\n');
}
