#!/usr/bin/env node
/**
 * `npm run lab`: the scenarios with real firewalls, proxies and programs in network namespaces, each with the counters of its
 * firewalls. For root on Linux; `npm test` runs the same without the counters. Options are those of mocha: `--grep 'figure 4'`.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const test = join(dirname(fileURLToPath(import.meta.url)), 'test.mjs');
const { status } = spawnSync(process.execPath, [test, 'test/src/lab.spec.ts', ...process.argv.slice(2)], { stdio: 'inherit', env: { ...process.env, LSTP_LAB_COUNTERS: '1' } });
process.exit(status ?? 1);
