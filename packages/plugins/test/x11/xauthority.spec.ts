import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipBecause } from '@lstp/core/testing';
import { withAuthorityLock } from '../../src/x11/authority/authority-lock.js';
import { findCookie, localAddress } from '../../src/x11/authority/find-cookie.js';
import { addRecord, readXauthority, removeRecord } from '../../src/x11/authority/xauthority-file.js';
import { encodeXauthority, FAMILY_INTERNET, FAMILY_INTERNET6, FAMILY_WILD, MAGIC_COOKIE, parseXauthority, type XauthorityRecord } from '../../src/x11/authority/xauthority.js';

const COOKIE = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

function record(more: Partial<XauthorityRecord> = {}): XauthorityRecord {
  return { ...localAddress(), display: '10', name: MAGIC_COOKIE, data: COOKIE, ...more };
}

describe('plugins/x11, an Xauthority file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-xauth-'));
    file = join(folder, 'Xauthority');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has records of a family, and four fields with their lengths', () => {
    const bytes = encodeXauthority([record({ address: Buffer.from('desk') })]);
    expect(bytes.toString('hex')).to.equal(`0100${'0004'}${Buffer.from('desk').toString('hex')}${'0002'}3130${'0012'}${Buffer.from(MAGIC_COOKIE).toString('hex')}${'0010'}${COOKIE.toString('hex')}`);
    expect(parseXauthority(bytes)).to.deep.equal({ records: [record({ address: Buffer.from('desk') })] });
  });

  it('is read up to where it is broken, at every cut', () => {
    const one = encodeXauthority([record()]);
    const bytes = encodeXauthority([record(), record({ display: '11' })]);
    for (let cut = 1; cut < bytes.length - one.length; cut += 1) expect(parseXauthority(bytes.subarray(0, one.length + cut))).to.deep.equal({ records: [record()], brokenAt: one.length });
  });

  it('gets a record, in the place of one for the same display, and loses it again', async () => {
    const others = [record({ display: '11' }), record({ name: 'XDM-AUTHORIZATION-1' })];
    for (const one of [...others, record({ data: Buffer.alloc(16) }), record()]) await addRecord(file, one);
    expect(await readXauthority(file)).to.deep.equal([...others, record()]);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    await removeRecord(file, record({ data: Buffer.alloc(16) }));
    expect(await readXauthority(file), 'of somebody else meanwhile').to.have.length(3);
    await removeRecord(file, record());
    expect(await readXauthority(file)).to.deep.equal(others);
    expect(readdirSync(folder), 'locks').to.deep.equal(['Xauthority']);
  });

  it('keeps the records of others byte for byte', async () => {
    const odd = encodeXauthority([record({ display: '\u00e4\u0080', name: 'X-\u00ff', data: Buffer.from('ff00', 'hex') })]);
    expect(odd.includes(Buffer.from('e480', 'hex'))).to.equal(true);
    writeFileSync(file, odd);
    await addRecord(file, record());
    await removeRecord(file, record());
    expect(readFileSync(file).toString('hex')).to.equal(odd.toString('hex'));
  });

  it('is gone with its only record', async () => {
    await addRecord(file, record());
    await removeRecord(file, record());
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('is one that xauth reads, and reads what xauth writes', async function () {
    if (!existsSync('/usr/bin/xauth')) skipBecause(this, 'xauth is not installed');
    await addRecord(file, record());
    expect(execFileSync('xauth', ['-f', file, 'list']).toString()).to.equal(`${hostname()}/unix:10  ${MAGIC_COOKIE}  ${COOKIE.toString('hex')}\n`);
    execFileSync('xauth', ['-f', file, 'add', '192.0.2.7:1', '.', 'ff'.repeat(16)]);
    expect(await readXauthority(file)).to.deep.include(record({ family: FAMILY_INTERNET, address: Buffer.of(192, 0, 2, 7), display: '1', data: Buffer.alloc(16, 0xff) }));
  });

  it('loses no record of many writers at once', async () => {
    const all = Array.from({ length: 12 }, (_, display) => record({ display: String(display) }));
    await Promise.all(all.map((one) => addRecord(file, one)));
    expect(await readXauthority(file)).to.have.deep.members(all);
  });

  describe('that cannot be written is named with its remedy:', () => {
    const refusal = async (path: string, what: RegExp): Promise<void> => {
      const error = await addRecord(path, record()).then(() => undefined, (cause: NodeJS.ErrnoException) => cause);
      expect(error?.code).to.equal('ERR_LSTP_XAUTHORITY');
      expect(error?.message).to.match(what).and.to.contain(path).and.to.match(/; put that right, or name another file with "xauthority:"$/);
    };

    it('no folder', () => refusal(join(folder, 'absent', 'Xauthority'), /: its folder does not exist;/));
    it('a folder', async () => {
      mkdirSync(file);
      await refusal(file, /: it is a folder;/);
    });
    it('another kind of file, which stays', async () => {
      writeFileSync(file, 'root:x:0:0:root:/root:/bin/bash\n');
      await refusal(file, /: it is no Xauthority file: no record can be read at byte 0;/);
      expect(readFileSync(file, 'latin1')).to.match(/^root:/);
    });
    it('a lock of another program', async () => {
      writeFileSync(`${file}-c`, '');
      const error = await withAuthorityLock(file, async () => {}, { waitMs: 1 }).then(() => undefined, (cause: Error) => cause);
      expect(error?.message).to.contain(`another program holds its lock ${file}-c (if none does, remove it and ${file}-l)`);
    });
  });

  it('waits for its lock', async () => {
    const order: string[] = [];
    await withAuthorityLock(file, async () => {
      const second = withAuthorityLock(file, async () => void order.push('second'));
      order.push('first');
      void second.catch(() => {});
    });
    await withAuthorityLock(file, async () => void order.push('third'));
    expect(order[0]).to.equal('first');
    expect(order).to.include('third');
  });
});

describe('plugins/x11, which cookie is for a display', () => {
  const other = Buffer.alloc(16, 1);

  it('is that of this machine for sockets and loopback', () => {
    for (const remoteAddress of [undefined, '127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      expect(findCookie([record({ family: FAMILY_INTERNET, address: Buffer.of(127, 0, 0, 1), data: other }), record()], { remoteAddress, display: '10' }), remoteAddress).to.deep.equal(COOKIE);
    }
  });

  it('is that of its address elsewhere', () => {
    const v4 = record({ family: FAMILY_INTERNET, address: Buffer.of(192, 0, 2, 7), data: other });
    const v6 = record({ family: FAMILY_INTERNET6, address: Buffer.from('20010db8000000000000000000000001', 'hex'), data: other });
    for (const [one, remoteAddress] of [[v4, '192.0.2.7'], [v4, '::ffff:192.0.2.7'], [v6, '2001:db8::1'], [v6, '2001:db8:0:0:0:0:0:1']] as const) {
      expect(findCookie([record(), one], { remoteAddress, display: '10' }), remoteAddress).to.deep.equal(other);
    }
    expect(findCookie([record(), v4], { remoteAddress: '192.0.2.8', display: '10' })).to.equal(undefined);
  });

  it('may be one of any address, or any display', () => {
    expect(findCookie([record({ family: FAMILY_WILD, address: Buffer.alloc(0) })], { remoteAddress: '192.0.2.7', display: '10' })).to.deep.equal(COOKIE);
    expect(findCookie([record({ display: '' })], { display: '3' })).to.deep.equal(COOKIE);
    expect(findCookie([record()], { display: '1' })).to.equal(undefined);
    expect(findCookie([record({ name: 'XDM-AUTHORIZATION-1' })], { display: '10' })).to.equal(undefined);
  });
});
