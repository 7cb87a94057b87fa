import { expect } from 'chai';
import { Datagrams } from '../../src/protocol/datagrams.js';
import { DATAGRAM_QUEUE_BYTES, DATAGRAM_QUEUE_MS, HEADER_BYTES } from '../../src/protocol/limits.js';

describe('protocol/datagrams', () => {
  it('sends them whole, in order, the empty one too', () => {
    const queue = new Datagrams(3);
    for (const text of ['one', '', 'three']) queue.push(Buffer.from(text), 1000);
    const sent = [];
    for (let frame = queue.peek(1000); frame !== undefined; frame = queue.peek(1000)) {
      sent.push(frame.subarray(HEADER_BYTES).toString());
      queue.advance();
    }
    expect(sent).to.deep.equal(['one', '', 'three']);
  });

  it('drops the oldest when more than DATAGRAM_QUEUE_BYTES wait', () => {
    const queue = new Datagrams(3);
    const half = DATAGRAM_QUEUE_BYTES / 2 - HEADER_BYTES;
    queue.push(Buffer.alloc(half, 'a'), 1000);
    queue.push(Buffer.alloc(half, 'b'), 1000);
    expect(queue.dropped).to.equal(0);
    queue.push(Buffer.alloc(0), 1000);
    expect(queue.dropped).to.equal(1);
    expect(queue.peek(1000)?.subarray(HEADER_BYTES, HEADER_BYTES + 1).toString()).to.equal('b');
  });

  it('drops what waited longer than DATAGRAM_QUEUE_MS', () => {
    const queue = new Datagrams(3);
    queue.push(Buffer.from('old'), 1000);
    queue.push(Buffer.from('new'), 1001);
    expect(queue.peek(1000 + DATAGRAM_QUEUE_MS)?.subarray(HEADER_BYTES).toString()).to.equal('old');
    expect(queue.peek(1001 + DATAGRAM_QUEUE_MS)?.subarray(HEADER_BYTES).toString()).to.equal('new');
    expect(queue.dropped).to.equal(1);
  });

  it('copies what it is given', () => {
    const queue = new Datagrams(3);
    const datagram = Buffer.from('text');
    queue.push(datagram, 1000);
    datagram.fill(0);
    expect(queue.peek(1000)?.subarray(HEADER_BYTES).toString()).to.equal('text');
  });

  it('counts its bytes right when all are gone', () => {
    const queue = new Datagrams(3);
    for (let round = 0; round < 3; round += 1) {
      queue.push(Buffer.alloc(60_000), 1000);
      queue.clear();
      queue.push(Buffer.alloc(60_000), 1000);
      queue.advance();
    }
    for (let count = 0; count < 4; count += 1) queue.push(Buffer.alloc(60_000), 1000);
    expect(queue.dropped).to.equal(0);
  });
});
