import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingFile } from '../../src/record/recording-file.js';

describe('plugins/record: the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-record-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const create = (limitBytes: number) => RecordingFile.create(join(folder, 'a.pcapng'), { limitBytes, lastBlock: (end) => Buffer.from(end) });
  const put = (file: RecordingFile, text: string) => file.reserve(text.length)?.write(text);

  it('is its owner’s alone and never overwritten: the next one gets a number', async () => {
    const files = [await create(4096), await create(4096), await create(4096)];
    await Promise.all(files.map((file) => file.close()));
    expect(files.map(({ path }) => path)).to.deep.equal(['a.pcapng', 'a.1.pcapng', 'a.2.pcapng'].map((name) => join(folder, name)));
    for (const { path } of files) expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('has what was written, in order, and the last block', async () => {
    const file = await create(4096);
    for (const text of ['one ', 'two ', 'three ']) put(file, text);
    await file.close();
    expect(readFileSync(file.path, 'utf8')).to.equal('one two three closed');
    expect(put(file, 'late')).to.equal(undefined);
  });

  it('ends at its size, with room for the last block', async () => {
    const file = await create(1000);
    expect(put(file, 'x'.repeat(488))).to.equal(488);
    expect(put(file, 'y')).to.equal(undefined);
    expect(await file.ended).to.equal('full');
    expect(readFileSync(file.path, 'utf8')).to.equal(`${'x'.repeat(488)}full`);
  });

  it('drops what comes faster than the disk takes it, and goes on', async () => {
    const file = await create(2 ** 30);
    const taken = Array.from({ length: 65 }, () => file.reserve(65_536)?.fill('z') !== undefined);
    expect(taken.filter(Boolean)).to.have.length(64);
    await new Promise<void>((resolve) => {
      const again = (): void => (put(file, 'after') === undefined ? void setImmediate(again) : resolve());
      again();
    });
    await file.close();
    expect(statSync(file.path).size).to.equal(64 * 65_536 + 'after'.length + 'closed'.length);
  });
});
