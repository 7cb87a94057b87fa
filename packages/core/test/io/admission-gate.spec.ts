import { expect } from 'chai';
import { AdmissionGate, sourceOf } from '../../src/io/admission-gate.js';

const never = () => 0.999_999;
const always = () => 0;

describe('io/admission-gate', () => {
  it('lets eight of one source in, and the next when one has left', () => {
    const gate = new AdmissionGate(undefined, never);
    const leaves = Array.from({ length: 8 }, () => gate.enter('192.0.2.1'));
    expect(leaves.every((leave) => leave !== undefined)).to.equal(true);
    expect(gate.enter('192.0.2.1')).to.equal(undefined);
    expect(gate.enter('192.0.2.2')).to.not.equal(undefined);
    leaves[3]?.();
    expect(gate.enter('192.0.2.1')).to.not.equal(undefined);
  });

  it('counts a /64 of IPv6 as one source, IPv4 in IPv6 as IPv4', () => {
    expect(sourceOf('2001:db8:1:2:3:4:5:6')).to.equal(sourceOf('2001:db8:1:2::9'));
    expect(sourceOf('2001:db8::1')).to.equal(sourceOf('2001:db8:0:0:ffff::'));
    expect(sourceOf('2001:db8:1:2::9')).to.not.equal(sourceOf('2001:db8:1:3::9'));
    expect(sourceOf('fe80::1%eth0')).to.equal(sourceOf('fe80::2%eth0'));
    expect(sourceOf('::ffff:192.0.2.1')).to.equal('192.0.2.1');
  });

  it('exempts loopback from the limit of a source, not from that of all', () => {
    const gate = new AdmissionGate({ total: 20, perSource: 2 }, never);
    let entered = 0;
    while (gate.enter(['127.0.0.1', '::1', '::ffff:127.0.0.5'][entered % 3] as string) !== undefined) entered += 1;
    expect(entered).to.equal(20);
  });

  it('drops nobody below half of the total, everybody at it, and more and more between', () => {
    const gate = new AdmissionGate({ total: 100, perSource: 1000 }, always);
    const enter = () => gate.enter('192.0.2.1');
    for (let entered = 0; entered < 50; entered++) expect(enter(), String(entered)).to.not.equal(undefined);
    expect(enter()).to.equal(undefined);
    const share = (inside: number) => {
      const drawn = { value: 0 };
      const other = new AdmissionGate({ total: 100, perSource: 1000 }, () => drawn.value);
      drawn.value = 1;
      for (let entered = 0; entered < inside; entered++) other.enter('192.0.2.1');
      let dropped = 0;
      for (drawn.value = 0; drawn.value < 1; drawn.value += 0.01) {
        const leave = other.enter('192.0.2.1');
        if (leave === undefined) dropped += 1;
        leave?.();
      }
      return dropped;
    };
    const shares = [50, 60, 80, 99].map(share);
    expect(shares).to.deep.equal(shares.toSorted((a, b) => a - b));
    expect(shares[0]).to.be.within(29, 32);
    expect(shares[3]).to.be.greaterThan(97);
  });

  it('forgets sources that are gone', () => {
    const gate = new AdmissionGate(undefined, never);
    for (let source = 0; source < 100; source++) gate.enter(`192.0.2.${source}`)?.();
    expect(gate.inside).to.equal(0);
  });
});
