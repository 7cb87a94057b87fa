import { expect } from 'chai';
import { ClientWatch } from '../../src/x11/monitor/client-watch.js';
import type { X11Report } from '../../src/x11/monitor/x11-report.js';
import { LSB_FIRST, MSB_FIRST, type ByteOrder } from '../../src/x11/wire/byte-order.js';
import { encodeError } from '../../src/x11/wire/answer.js';
import { encodeSetupFailure } from '../../src/x11/wire/setup.js';
import { BASE, pieces, ROOT, XBytes } from './support/x-bytes.js';

const FIRST = BASE + 1;
const SECOND = BASE + 2;
const THIRD = BASE + 3;

/** A watch whose clock stands where it is put. */
class Trial {
  nowMs = 0;
  readonly x: XBytes;
  readonly #watch = new ClientWatch({ now: () => this.nowMs });

  constructor(order: ByteOrder = LSB_FIRST, { isOpen = true }: { readonly isOpen?: boolean } = {}) {
    this.x = new XBytes(order);
    if (!isOpen) return;
    this.out(this.x.setup());
    this.in(this.x.setupReply());
  }

  out(...packets: readonly Buffer[]): this {
    for (const packet of packets) this.#watch.requests(packet);
    return this;
  }

  in(...packets: readonly Buffer[]): this {
    for (const packet of packets) this.#watch.answers(packet);
    return this;
  }

  createWindow(id: number, parent = ROOT): Buffer {
    return this.x.request(1, 24, id, parent, 0, 0, 0, 0, 0);
  }

  property(window: number, atom: number, text: string): Buffer {
    const value = Buffer.alloc((text.length + 3) & ~3);
    value.write(text, 'latin1');
    return this.x.request(18, 0, window, atom, 31, Buffer.from([8, 0, 0, 0]), text.length, value);
  }

  get report(): X11Report {
    return this.#watch.report();
  }
}

describe('x11/monitor', () => {
  for (const [name, order] of [['least', LSB_FIRST], ['most', MSB_FIRST]] as const) {
    it(`knows a client by name and class, ${name} significant byte first, in any chunking`, () => {
      const example = new Trial(order, { isOpen: false });
      const bytes = Buffer.concat([
        example.x.setup(), example.createWindow(FIRST), example.property(FIRST, 67, 'xterm\0XTerm\0'), example.property(FIRST, 39, 'shell of ann'), example.property(FIRST, 36, 'lab'),
        example.x.request(8, 0, FIRST), example.x.request(43, 0),
      ]);
      for (const size of [1, 3, 16, 29, 1000]) {
        const { report } = new Trial(order, { isOpen: false }).out(...pieces(bytes, size)).in(example.x.setupReply(), example.x.event(19, 5), example.x.reply(6));
        expect(report.client).to.deep.equal({ title: 'shell of ann', instance: 'xterm', class: 'XTerm', host: 'lab', byteOrder: `${name} significant first` });
        expect(report.windows).to.deep.equal({ open: 1, mapped: 1, titled: [{ id: '0x400001', title: 'shell of ann' }] });
        expect([report.state, report.bytes.out, report.requests.total, report.events.byName]).to.deep.equal(['open', bytes.length, 6, { MapNotify: 1 }]);
      }
    });
  }

  it('takes a title in UTF-8 too, as far as a terminal can show it', () => {
    const trial = new Trial().out(new Trial().createWindow(FIRST));
    trial.out(trial.x.request(16, 0, trial.x.named('_NET_WM_NAME'))).in(trial.x.reply(2, { words: [300] }));
    trial.out(trial.property(FIRST, 300, Buffer.from('Übersicht\u001b[2J\u202e', 'utf8').toString('latin1')));
    expect(trial.report.client.title).to.equal('Übersicht [2J');
  });

  it('calls a client what its first window that is mapped is called', () => {
    const trial = new Trial();
    trial.out(trial.createWindow(FIRST), trial.property(FIRST, 39, 'selection owner'), trial.createWindow(SECOND), trial.property(SECOND, 39, 'settings'));
    expect(trial.report.client.title).to.equal('selection owner');
    trial.out(trial.x.request(8, 0, SECOND));
    expect(trial.report.client.title).to.equal('settings');
  });

  it('counts windows as they come and go, those within others too', () => {
    const trial = new Trial();
    const { x } = trial;
    trial.out(trial.createWindow(FIRST), trial.createWindow(SECOND, FIRST), trial.createWindow(THIRD, SECOND), x.request(8, 0, FIRST), x.request(9, 0, FIRST));
    expect(trial.report.windows).to.include({ open: 3, mapped: 2 });
    trial.out(x.request(10, 0, FIRST), x.request(5, 0, SECOND));
    expect(trial.report.windows).to.include({ open: 2, mapped: 1 });
    trial.out(x.request(4, 0, FIRST));
    expect(trial.report.windows).to.include({ open: 0, mapped: 0 });
  });

  it('counts requests by name, those of extensions once they are known, and unknown ones by number', () => {
    const trial = new Trial();
    const { x } = trial;
    trial.out(x.queryExtension('RENDER'), x.request(141, 7)).in(x.extensionReply(1, 139, { error: 142 }));
    trial.out(x.request(139, 8, Buffer.alloc(32)), x.request(139, 8, Buffer.alloc(32)), x.request(139, 99), x.request(126, 0));
    expect(trial.report.requests).to.deep.equal({ total: 6, byName: { 'RENDER Composite': 2, QueryExtension: 1, 'opcode 126': 1, 'RENDER 99': 1, 'opcode 141.7': 1 } });
    expect(trial.report.extensions).to.deep.equal(['RENDER']);
  });

  it('says which request an error was for', () => {
    const trial = new Trial();
    const { x } = trial;
    trial.out(x.queryExtension('RENDER')).in(x.extensionReply(1, 139, { error: 142 }));
    trial.out(x.request(20, 0, 1, 2, 3, 4, 5), x.request(139, 7, 1));
    trial.in(encodeError(x.order, 2, { code: 3, major: 20, minor: 0, resource: 1 }), encodeError(x.order, 3, { code: 143, major: 139, minor: 7, resource: 1 }));
    expect(trial.report.errors).to.deep.equal({ total: 2, byName: { 'BadWindow of GetProperty': 1, 'RENDER BadPicture of RENDER FreePicture': 1 } });
  });

  it('measures how long answers take, of requests that were sent one behind the other as well', () => {
    const trial = new Trial();
    const { x } = trial;
    trial.nowMs = 100;
    trial.out(x.request(43, 0), x.request(127, 0), x.request(43, 0));
    trial.nowMs = 110;
    trial.in(x.reply(1));
    expect(trial.report.roundTrips).to.deep.equal({ count: 1, waiting: 1, lastMs: 10, leastMs: 10, meanMs: 10, mostMs: 10 });
    trial.nowMs = 130;
    trial.in(x.event(12, 2), x.reply(3));
    expect(trial.report.roundTrips).to.deep.equal({ count: 2, waiting: 0, lastMs: 30, leastMs: 10, meanMs: 20, mostMs: 30 });
  });

  it('follows requests of the long form, large bodies and replies in several parts', () => {
    const trial = new Trial();
    const { x } = trial;
    trial.out(x.queryExtension('BIG-REQUESTS')).in(x.extensionReply(1, 133));
    trial.out(x.request(133, 0), x.request(50, 0, 1, Buffer.alloc(4)), ...pieces(x.bigRequest(72, 2, Buffer.alloc(1_000_000)), 60_000), x.request(43, 0));
    trial.in(x.reply(2), x.reply(3, { data: 4, bytes: 64 }), x.event(11, 0), x.reply(3, { data: 0 }), x.reply(5, { bytes: 4000 }));
    expect(trial.report.state).to.equal('open');
    expect(trial.report.requests.byName).to.deep.equal({ QueryExtension: 1, 'BIG-REQUESTS Enable': 1, ListFontsWithInfo: 1, PutImage: 1, GetInputFocus: 1 });
    expect(trial.report.roundTrips).to.include({ count: 4, waiting: 0 });
  });

  it('tells generic events by their extension', () => {
    const trial = new Trial();
    const { x } = trial;
    trial.out(x.queryExtension('XInputExtension')).in(x.extensionReply(1, 131, { event: 66 }));
    const generic = Buffer.concat([x.event(35, 1), Buffer.alloc(32)]);
    generic[1] = 131;
    x.order.writeU32(generic, 4, 8);
    x.order.writeU16(generic, 8, 13);
    trial.in(generic, x.event(67, 1), x.event(0x80 | 33, 1), x.event(90, 1));
    expect(trial.report.events).to.deep.equal({ total: 4, byName: { ClientMessage: 1, 'XInputExtension DeviceKeyPress': 1, 'event 90': 1, 'XInputExtension RawKeyPress': 1 } });
  });

  it('tells why the server has not taken a client', () => {
    const trial = new Trial(MSB_FIRST, { isOpen: false });
    trial.out(trial.x.setup()).in(encodeSetupFailure(MSB_FIRST, 'Invalid MIT-MAGIC-COOKIE-1 key'));
    expect(trial.report).to.deep.include({ state: 'refused', reason: 'Invalid MIT-MAGIC-COOKIE-1 key' });
  });

  it('marks a stream that it cannot follow, and counts its bytes from there on', () => {
    const trial = new Trial(LSB_FIRST, { isOpen: false }).out(Buffer.from('GET / HTTP/1.1\r\n\r\n')).in(Buffer.from('no'));
    expect(trial.report).to.deep.include({ state: 'lost', bytes: { out: 18, in: 2 } });
    expect(trial.report.reason).to.match(/^an X client begins with "l" or "B"/);
    const late = new Trial().in(new Trial().x.reply(7));
    expect(late.report).to.include({ state: 'lost' });
  });

  it('keeps no more than its bounds of a client that makes windows, errors and requests without end', () => {
    const trial = new Trial();
    const { x } = trial;
    for (let id = 0; id < 20_000; id += 1) {
      trial.out(trial.createWindow(BASE + id, BASE + Math.max(id - 1, 0)), x.request(128 + (id % 128), id % 256));
      trial.in(encodeError(x.order, 0, { code: id % 256, major: id % 256, minor: id % 199, resource: id }));
    }
    const { windows, errors, requests } = trial.report;
    expect(windows.open).to.equal(20_000);
    expect(windows.titled.length).to.equal(0);
    expect(Object.keys(errors.byName).length).to.be.at.most(256);
    expect(Object.keys(requests.byName).length).to.equal(101);
    expect([errors.total, requests.total]).to.deep.equal([20_000, 40_000]);
    trial.out(x.request(4, 0, BASE));
    expect(trial.report.windows.open).to.equal(20_000 - 4096);
  });
});
