import { expect } from 'chai';
import { CONTROL_SLACK, FULL_DATA_BYTES } from '../../src/protocol/limits.js';
import { HEADROOM, Outgoing, type Ledger } from '../../src/protocol/outgoing.js';

interface Under {
  readonly out: Outgoing;
  readonly ledger: Ledger;
  readonly reclaimed: Buffer[];
}

function outgoing(limit: number): Under {
  const reclaimed: Buffer[] = [];
  const ledger: Ledger = { retained: 0, stashed: 0, reclaim: (frame) => void reclaimed.push(frame) };
  return { out: new Outgoing(5, limit, ledger), ledger, reclaimed };
}

/** Pushes `length` bytes, each the low byte of its position. */
function push(out: Outgoing, length: number): Buffer {
  const buffer = Buffer.alloc(HEADROOM + length);
  for (let at = 0; at < length; at += 1) buffer[HEADROOM + at] = out.end + at;
  out.pushData(buffer, HEADROOM, buffer.length);
  return buffer;
}

/** Transmits all that may go. Position and length of each frame, after a check of what is in it. */
function transmit(out: Outgoing): [number, number][] {
  const sent: [number, number][] = [];
  for (let item = out.peek(); item !== undefined; item = out.peek()) {
    const { frame } = item;
    const position = frame.readUInt32BE(12);
    expect(frame.readUIntBE(1, 3)).to.equal(frame.length - 8);
    frame.subarray(HEADROOM).forEach((byte, at) => expect(byte).to.equal((position + at) & 0xff));
    sent.push([position, frame.length - HEADROOM]);
    out.advance();
  }
  return sent;
}

describe('protocol/outgoing', () => {
  it('sends up to the limit and not one byte further', () => {
    const { out } = outgoing(100);
    push(out, 100);
    push(out, 1);
    expect(transmit(out)).to.deep.equal([[0, 100]]);
    out.acknowledge(100);
    out.grant(101);
    expect(transmit(out)).to.deep.equal([[100, 1]]);
  });

  it('cuts data at the limit, and both parts are whole frames', () => {
    const { out } = outgoing(5000);
    push(out, 8000);
    expect(transmit(out)).to.deep.equal([[0, 5000]]);
    out.grant(12_000);
    expect(transmit(out)).to.deep.equal([[5000, 3000]]);
    expect(out.unsent).to.equal(0);
  });

  it('does not cut off less than 4096 while more is under way', () => {
    const { out } = outgoing(10_000);
    push(out, 6000);
    push(out, 6000);
    expect(transmit(out)).to.deep.equal([[0, 6000]], 'credit of 4000 is left');
    out.acknowledge(6000);
    expect(transmit(out)).to.deep.equal([[6000, 4000]], 'nothing is under way');
  });

  it('cuts off 4096 while more is under way', () => {
    const { out } = outgoing(10_096);
    push(out, 6000);
    push(out, 6000);
    expect(transmit(out)).to.deep.equal([
      [0, 6000],
      [6000, 4096],
    ]);
  });

  it('lets control and END pass the limit by the slack, not further', () => {
    const { out } = outgoing(0);
    for (let count = 0; count <= CONTROL_SLACK; count += 1) out.pushControl('CONNECTION_ACK', {});
    for (let item = out.peek(); item !== undefined; item = out.peek()) out.advance();
    expect(out.sent).to.equal(CONTROL_SLACK);
  });

  it('makes several frames of a write that is longer than one', () => {
    const { out } = outgoing(1_000_000);
    push(out, 2 * FULL_DATA_BYTES + 10);
    expect(transmit(out)).to.deep.equal([
      [0, FULL_DATA_BYTES],
      [FULL_DATA_BYTES, FULL_DATA_BYTES],
      [2 * FULL_DATA_BYTES, 10],
    ]);
  });

  it('makes nothing of a write of nothing: on the wire it would be END', () => {
    const { out } = outgoing(1000);
    push(out, 0);
    expect(out.peek()).to.equal(undefined);
    expect(out.end).to.equal(0);
  });

  it('keeps what is not acknowledged, and the ledger knows', () => {
    const { out, ledger } = outgoing(1000);
    push(out, 300);
    push(out, 300);
    transmit(out);
    expect(out.acknowledge(400)).to.equal(400);
    expect([out.retained, ledger.retained]).to.deep.equal([200, 200]);
    out.clear();
    expect([out.retained, ledger.retained]).to.deep.equal([0, 0]);
  });

  it('refuses an acknowledgement of one more than was sent', () => {
    const { out } = outgoing(1000);
    push(out, 300);
    transmit(out);
    expect(() => out.acknowledge(301)).to.throw(/301 was never sent, only 300/);
  });

  it('sends again, after a rewind, every frame of which something is missing', () => {
    const { out } = outgoing(1000);
    for (const length of [100, 200, 300]) push(out, length);
    transmit(out);
    out.acknowledge(150);
    out.rewind();
    expect(out.unsent).to.equal(500);
    expect(transmit(out)).to.deep.equal([
      [100, 200],
      [300, 300],
    ]);
  });

  it('skips, after a rewind, what is acknowledged meanwhile', () => {
    const { out } = outgoing(1000);
    for (const length of [100, 200, 300]) push(out, length);
    transmit(out);
    out.rewind();
    out.acknowledge(300);
    expect(out.unsent).to.equal(300);
    expect(transmit(out)).to.deep.equal([[300, 300]]);
  });

  it('stops at a pause until a limit beyond it comes', () => {
    const { out } = outgoing(1000);
    out.pause(1000);
    push(out, 10);
    expect(transmit(out)).to.deep.equal([]);
    out.grant(1000);
    expect(transmit(out)).to.deep.equal([]);
    out.grant(1001);
    expect(transmit(out)).to.deep.equal([[0, 10]]);
  });

  it('ignores a pause that a greater limit has overtaken', () => {
    const { out } = outgoing(1000);
    out.grant(2000);
    out.pause(1500);
    push(out, 10);
    expect(transmit(out)).to.deep.equal([[0, 10]]);
  });

  it('gives buffers back when they are acknowledged', () => {
    const { out, reclaimed } = outgoing(1000);
    const buffer = push(out, 300);
    transmit(out);
    out.acknowledge(299);
    expect(reclaimed).to.have.length(0);
    out.acknowledge(300);
    expect(reclaimed[0]?.buffer).to.equal(buffer.buffer);
  });

  it('gives no buffer back that was sent twice: the other carrier may still hold it', () => {
    const { out, reclaimed } = outgoing(1000);
    push(out, 300);
    transmit(out);
    out.rewind();
    transmit(out);
    out.acknowledge(300);
    expect(reclaimed).to.have.length(0);
  });

  it('does not keep a slab alive for a keystroke', () => {
    const { out } = outgoing(1000);
    const slab = Buffer.allocUnsafeSlow(65_536);
    out.pushData(slab, HEADROOM, HEADROOM + 1);
    expect(out.peek()?.frame.buffer).to.not.equal(slab.buffer);
    const full = Buffer.allocUnsafeSlow(65_536);
    out.advance();
    out.pushData(full, HEADROOM, HEADROOM + 900);
    out.pushData(full, HEADROOM, 20_000);
    out.advance();
    out.grant(100_000);
    expect(out.peek()?.frame.buffer).to.equal(full.buffer);
  });
});
