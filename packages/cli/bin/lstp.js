#!/usr/bin/env -S node --max-semi-space-size=4
// Committed, so that npm links it before the build exists; the command itself is in src/bin.ts.
import { existsSync } from "node:fs";
import module from "node:module";

// From Node 22 on: the second start takes half the time.
module.enableCompileCache?.();
const built = new URL("../dist/src/bin.js", import.meta.url);
if (existsSync(built)) await import(built.href);
else {
  process.stderr.write("lstp: the build is missing; run `npm run build` in the lstp checkout\n");
  process.exitCode = 1;
}
