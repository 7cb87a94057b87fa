import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLogger } from '@lstp/core/observe';
import { skipBecause } from '@lstp/core/testing';
import type { ChannelFacts } from '@lstp/core';
import { RECORD_OPTIONS } from '../../src/record/record-options.js';
import { Recorder } from '../../src/record/recorder.js';

describe('plugins/record: what tcpdump reads', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-record-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function record(watch: (recorder: Recorder) => void): Promise<void> {
    const logger = await createLogger({ level: 'silent', format: 'json', destination: new Writable({ write: (_line, _encoding, done) => done() }) });
    const recorder = new Recorder(RECORD_OPTIONS.parse({ file: 'a.pcapng' }), { tunnel: 't', service: 's', node: 'n', at: 'n', folder }, logger);
    await recorder.start();
    watch(recorder);
    await recorder.stop();
  }

  function read(context: Mocha.Context, ...options: string[]): string[] {
    if (!existsSync('/usr/bin/tcpdump')) skipBecause(context, 'tcpdump is not here');
    const { stdout, stderr, status } = spawnSync('/usr/bin/tcpdump', ['-nn', '-t', '-r', '-', ...options], { input: readFileSync(join(folder, 'a.pcapng')), encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
    return stdout.trimEnd().split('\n');
  }

  for (const [family, source, target] of [['IP', '10.0.0.7:40000', '10.0.0.9:1000'], ['IP6', '[fd00::7]:40000', '[fd00::9]:1000']] as const) {
    const facts: ChannelFacts = { id: '1', kind: 'datagram', role: 'back', source, target };

    it(`is the datagrams of a channel, one by one (${family})`, async function () {
      await record((recorder) => {
        const watch = recorder.watch(facts);
        for (const text of ['', 'a', 'bcd']) watch?.incoming?.(Buffer.from(text));
        watch?.outgoing?.(Buffer.from('answer'));
        watch?.closed?.('done');
      });
      const dotted = (text: string) => text.replaceAll(/[[\]]/g, '').replace(/:(\d+)$/, '.$1');
      const [there, back] = [`${family} ${dotted(source)} > ${dotted(target)}: UDP, length`, `${family} ${dotted(target)} > ${dotted(source)}: UDP, length`];
      expect(read(this)).to.deep.equal([`${there} 0`, `${there} 1`, `${there} 3`, `${back} 6`]);
      const verbose = read(this, '-vv').join('\n');
      expect(verbose.match(/udp sum ok/g)).to.have.length(4);
    });

    it(`has an application's address that is known with its first byte (${family})`, async function () {
      let known: string | undefined;
      await record((recorder) => {
        const watch = recorder.watch({ ...facts, kind: 'stream', get source() {
          return known;
        } });
        known = source;
        watch?.incoming?.(Buffer.from('x'));
        watch?.closed?.('done');
      });
      expect(read(this, '-v').join('\n').match(/correct/g)).to.have.length(7);
      expect(read(this)[0]).to.contain(source.replaceAll(/[[\]]/g, '').replace(/:(\d+)$/, '.$1'));
    });
  }

  it('takes sizes as people write them', () => {
    expect(['1KiB', '64MiB', '2GiB'].map((size) => RECORD_OPTIONS.parse({ file: 'a', size }).size)).to.deep.equal([1024, 67_108_864, 2_147_483_648]);
    for (const size of ['', '0MiB', '65GiB', '10', '10MB', '-1KiB']) expect(RECORD_OPTIONS.safeParse({ file: 'a', size }).success, size).to.equal(false);
  });
});
