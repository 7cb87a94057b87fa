import { expect } from 'chai';
import { POLICY_OPTIONS, type PolicyOptions } from '../../src/x11/filter/policy-options.js';
import type { Denied } from '../../src/x11/filter/refusal.js';
import { X11Filter } from '../../src/x11/filter/x11-filter.js';
import { LSB_FIRST, MSB_FIRST, type ByteOrder } from '../../src/x11/wire/byte-order.js';
import { BASE, ROOT, XBytes } from './support/x-bytes.js';

const OWN = BASE + 5;
const OTHERS = 0x0060_0001;
const FIRST_MAJOR = 130;

/** A client that has asked for these extensions, and a policy. */
class Trial {
  readonly denied: Denied[] = [];
  readonly #filter: X11Filter;
  readonly #x: XBytes;
  readonly #majors = new Map<string, number>();
  #sent = 0;

  constructor(policy: PolicyOptions, { extensions = [], order = LSB_FIRST }: { readonly extensions?: readonly string[]; readonly order?: ByteOrder } = {}) {
    this.#x = new XBytes(order);
    this.#filter = new X11Filter({ hiddenExtensions: [], policy }, (what) => this.denied.push(what));
    this.#filter.requests(this.#x.setup());
    this.#filter.answers(this.#x.setupReply());
    for (const [index, name] of extensions.entries()) {
      this.#majors.set(name, FIRST_MAJOR + index);
      this.#filter.requests(this.#x.queryExtension(name));
      this.#sent += 1;
      this.#filter.answers(this.#x.extensionReply(this.#sent, FIRST_MAJOR + index, { event: 66, error: 129 }));
    }
  }

  /** Whether a request goes on as it is; else what its client gets: the code of an error, the event's, `silence`. */
  ask(major: number | string, minor: number, ...rest: readonly (number | Uint8Array)[]): string {
    const request = this.#x.request(typeof major === 'string' ? (this.#majors.get(major) as number) : major, minor, ...rest);
    const out = Buffer.concat(this.#filter.requests(request));
    this.#sent += 1;
    if (out.equals(request)) return 'passes';
    if (out[0] === 127) return 'silence';
    const answer = Buffer.concat(this.#filter.answers(this.#x.reply(this.#sent)));
    expect(answer.length).to.equal(32);
    return ['error', 'reply'][answer[0] as number] ?? `event ${answer[0]}`;
  }

  intern(name: string, atom: number): void {
    this.#filter.requests(this.#x.request(16, 0, this.#x.named(name)));
    this.#sent += 1;
    this.#filter.answers(this.#x.reply(this.#sent, { words: [atom] }));
  }

  /** 16 bits in each. */
  halves(...values: readonly number[]): Buffer {
    const bytes = Buffer.alloc(values.length * 2);
    for (const [index, value] of values.entries()) this.#x.order.writeU16(bytes, index * 2, value);
    return bytes;
  }
}

const NOTHING = Buffer.alloc(12);

describe('x11/filter/policy', () => {
  it('passes all where nothing is said', () => {
    const trial = new Trial({}, { extensions: ['XInputExtension', 'RANDR'] });
    expect([trial.ask(73, 2, ROOT, NOTHING), trial.ask(44, 0), trial.ask(31, 0, ROOT, NOTHING), trial.ask('RANDR', 45, 1, 2)]).to.deep.equal(Array(4).fill('passes'));
  });

  it('shows an application its own windows only, and says which window an error is about', () => {
    for (const order of [LSB_FIRST, MSB_FIRST]) {
      const trial = new Trial({ windows: 'own' }, { order });
      const getImage = (drawable: number): string => trial.ask(73, 2, drawable, NOTHING);
      expect([getImage(OWN), getImage(ROOT), getImage(OTHERS)]).to.deep.equal(['passes', 'error', 'error']);
      expect(trial.denied).to.deep.equal([
        { request: 'GetImage', rule: 'windows', resource: ROOT },
        { request: 'GetImage', rule: 'windows', resource: OTHERS },
      ]);
    }
  });

  it('closes the ways around GetImage', () => {
    const trial = new Trial({ windows: 'own' }, { extensions: ['RENDER', 'Composite', 'Present', 'GLX', 'MIT-SHM'] });
    const refused = [
      trial.ask(62, 0, ROOT, OWN, OWN, NOTHING),
      trial.ask(63, 0, OTHERS, OWN, OWN, NOTHING, 1),
      trial.ask(7, 0, OTHERS, OWN, 0),
      trial.ask(55, 0, OWN, OWN, (1 << 10) | 1, 7, OTHERS),
      trial.ask(56, 0, OWN, 1 << 11, OTHERS),
      trial.ask(1, 24, OWN, ROOT, 0, 0, 0, 0, 1, OTHERS),
      trial.ask(2, 0, OWN, 5, 0, OTHERS),
      trial.ask(57, 0, OTHERS, OWN, 1 << 10),
      trial.ask(70, 0, OWN, OTHERS, 0, 0),
      trial.ask('RENDER', 4, OWN, OTHERS, 3, 0),
      trial.ask('RENDER', 4, OWN, OWN, 3, 2, OTHERS),
      trial.ask('RENDER', 8, 1, OTHERS, 0, OWN, 0, 0, 0, 0),
      trial.ask('Composite', 6, OTHERS, OWN),
      trial.ask('Composite', 2, ROOT, 0),
      trial.ask('Composite', 7, ROOT),
      trial.ask('Present', 1, OWN, OTHERS, Buffer.alloc(60)),
      trial.ask('GLX', 13, 0, 1, OTHERS, OWN),
      trial.ask('GLX', 16, 65_542, 0, 0, 1, OTHERS, OWN),
      trial.ask('MIT-SHM', 4, OTHERS, Buffer.alloc(24)),
    ];
    expect(refused).to.deep.equal(Array(refused.length).fill('error'));
  });

  it('lets an application paint, copy and read what is its own', () => {
    const trial = new Trial({ windows: 'own' }, { extensions: ['RENDER', 'GLX', 'SHAPE'] });
    const passed = [
      trial.ask(62, 0, OWN, ROOT, OWN, NOTHING),
      trial.ask(55, 0, OWN, ROOT, (1 << 10) | (1 << 11) | 1, 7, OWN, OWN),
      trial.ask(55, 0, OWN, ROOT, 1 << 19, 0),
      trial.ask(1, 24, OWN, ROOT, 0, 0, 0, 0, 1 | 2, 1, 0xff_ffff),
      trial.ask(2, 0, ROOT, 0x800, 0x40_0000),
      trial.ask(70, 0, OWN, OWN, 0, 0),
      trial.ask(93, 0, OWN, OWN, 0, Buffer.alloc(16)),
      trial.ask('RENDER', 4, OWN, OWN, 3, 0),
      trial.ask('RENDER', 8, 1, OWN, 0, OWN, 0, 0, 0, 0),
      trial.ask('GLX', 5, 0, 0, 7),
      trial.ask('SHAPE', 2, 0, OWN, 0, 0),
    ];
    expect(passed).to.deep.equal(Array(passed.length).fill('passes'));
  });

  it('keeps the keys of others from an application', () => {
    const trial = new Trial({ keyboard: 'own' }, { extensions: ['XInputExtension', 'XKEYBOARD'] });
    const select = (window: number, mask: number): string => trial.ask('XInputExtension', 46, window, trial.halves(1, 0, 1, 1), mask);
    const refused = [
      trial.ask(44, 0),
      trial.ask(33, 1, ROOT, NOTHING.subarray(8), NOTHING.subarray(8)),
      trial.ask(2, 0, ROOT, 0x800, 1),
      trial.ask(2, 0, OTHERS, 0x803, 1, 0, 0x4000),
      select(ROOT, 1 << 2),
      select(ROOT, 1 << 13),
      select(OWN, 1 << 17),
      trial.ask('XInputExtension', 6, ROOT, trial.halves(1, 0), (2 << 8) | 67),
      trial.ask('XInputExtension', 30, 2),
      trial.ask('XInputExtension', 54, 0, ROOT, 0, 38, trial.halves(3, 1, 1, 1, 0, 0), 0, 0),
      trial.ask('XKEYBOARD', 1, trial.halves(0x100, 0xfff, 0, 0xfff, 0, 0)),
      trial.ask('XKEYBOARD', 1, trial.halves(0x100, 1 << 9, 0, 1 << 9, 0, 0)),
    ];
    expect(refused).to.deep.equal(Array(refused.length).fill('error'));
    const passed = [
      trial.ask(2, 0, OWN, 0x800, 3),
      trial.ask(2, 0, ROOT, 0x800, 0x40_0000),
      trial.ask(33, 1, OWN, NOTHING.subarray(8), NOTHING.subarray(8)),
      trial.ask(31, 1, OWN, NOTHING),
      select(OWN, (1 << 2) | (1 << 3)),
      select(ROOT, (1 << 1) | (1 << 11)),
      trial.ask('XInputExtension', 6, ROOT, trial.halves(1, 0), 66 + 15),
      trial.ask('XKEYBOARD', 1, trial.halves(0x100, 7, 0, 7, 7, 7)),
    ];
    expect(passed).to.deep.equal(Array(passed.length).fill('passes'));
  });

  it('refuses to look at a selection of events that is too long to be one', () => {
    const trial = new Trial({ keyboard: 'own' }, { extensions: ['XInputExtension'] });
    expect(trial.ask('XInputExtension', 46, ROOT, Buffer.alloc(20_000))).to.equal('error');
  });

  it('refuses grabs of the keyboard where they are not allowed, and leaves those of the pointer', () => {
    const trial = new Trial({ grabs: 'refused' }, { extensions: ['XInputExtension'] });
    const grab = (mask: number): string => trial.ask('XInputExtension', 51, OWN, 0, 0, trial.halves(2, 0x0101, 0, 1), mask);
    expect([trial.ask(31, 0, OWN, NOTHING), grab(1 << 2), trial.ask('XInputExtension', 13, OWN, Buffer.alloc(16))]).to.deep.equal(Array(3).fill('error'));
    expect([trial.ask(26, 0, OWN, Buffer.alloc(16)), grab(1 << 4)]).to.deep.equal(Array(2).fill('passes'));
  });

  it('sends made-up input to own windows only, and messages to all', () => {
    const trial = new Trial({ sendEvents: 'own' }, { extensions: ['XInputExtension'] });
    const sendXi1 = (window: number): string => trial.ask('XInputExtension', 31, window, 0, Buffer.alloc(36));
    expect([sendXi1(OTHERS), sendXi1(1), sendXi1(OWN)]).to.deep.equal(['error', 'error', 'passes']);
    const send = (window: number, code: number): string => trial.ask(25, 0, window, 0, Buffer.concat([Buffer.from([code]), Buffer.alloc(31)]));
    expect([send(OTHERS, 2), send(OTHERS, 0x82), send(1, 4), send(ROOT, 6), send(OTHERS, 66)]).to.deep.equal(Array(5).fill('error'));
    expect([send(OWN, 2), send(ROOT, 33), send(OTHERS, 31)]).to.deep.equal(Array(3).fill('passes'));
  });

  it('hides what would lead around it', () => {
    const asked = (policy: PolicyOptions, name: string): boolean => new Trial(policy, { extensions: [name] }).denied.length > 0;
    expect([asked({ deny: ['XTEST'] }, 'XTEST'), asked({ keyboard: 'own' }, 'RECORD'), asked({ sendEvents: 'own' }, 'XTEST')]).to.deep.equal([true, true, true]);
    expect([asked({ deny: ['XTEST'] }, 'RECORD'), asked({ windows: 'own' }, 'XTEST')]).to.deep.equal([false, false]);
    // It shows what others draw and paste, too.
    expect([asked({ windows: 'own' }, 'RECORD'), asked({ clipboard: 'copy' }, 'RECORD'), asked({ clipboard: 'none' }, 'RECORD'), asked({ clipboard: 'paste' }, 'RECORD')]).to.deep.equal([true, true, true, false]);
  });

  it('takes no extension in another writing than the server knows: it would deny nothing', () => {
    const said = (name: string): string | undefined => POLICY_OPTIONS.deny.safeParse([name]).error?.issues[0]?.message;
    expect([said('XTEST'), said('SOME-OTHER')]).to.deep.equal([undefined, undefined]);
    expect(said('xtest')).to.equal('no extension is called "xtest"; write "XTEST"');
    expect(said('Record')).to.equal('no extension is called "Record"; write "RECORD"');
  });

  it('lets the clipboard go in the directions that are allowed', () => {
    const results = (clipboard: PolicyOptions['clipboard']): string[] => {
      const trial = new Trial({ clipboard });
      return [trial.ask(24, 0, OWN, 300, 31, 301, 0), trial.ask(22, 0, OWN, 300, 0), trial.ask(20, 0, ROOT, 9, 31, 0, 100), trial.ask(18, 0, ROOT, 9, 31, 8, 0), trial.ask(19, 0, ROOT, 16), trial.ask(114, 0, ROOT, trial.halves(2, 1), 20, 10)];
    };
    expect(results('both')).to.deep.equal(['passes', 'passes', 'passes', 'passes', 'passes', 'passes']);
    expect(results('copy')).to.deep.equal(['event 31', 'passes', 'reply', 'passes', 'passes', 'passes']);
    expect(results('paste')).to.deep.equal(['passes', 'silence', 'passes', 'silence', 'silence', 'silence']);
    expect(results('none')).to.deep.equal(['event 31', 'silence', 'reply', 'silence', 'silence', 'silence']);
  });

  it('takes every window for the root while the server has not said which that is', () => {
    const x = new XBytes(LSB_FIRST);
    const denied: Denied[] = [];
    const filter = new X11Filter({ hiddenExtensions: [], policy: { clipboard: 'none' } }, (what) => denied.push(what));
    // Root windows have the same number at every start of a server.
    filter.requests(Buffer.concat([x.setup(), x.request(20, 0, ROOT, 9, 31, 0, 100), x.request(18, 0, ROOT, 9, 31, 8, 0), x.request(19, 0, ROOT, 16)]));
    expect(denied.map(({ request }) => request)).to.deep.equal(['GetProperty', 'ChangeProperty', 'DeleteProperty']);
  });

  it('leaves selections that are no clipboard, once the client has asked for their names', () => {
    const trial = new Trial({ clipboard: 'none' });
    trial.intern('@server=fcitx', 300);
    trial.intern('_NET_SYSTEM_TRAY_S0', 301);
    trial.intern('CLIPBOARD', 302);
    const convert = (selection: number): string => trial.ask(24, 0, OWN, selection, 31, 301, 0);
    const take = (selection: number): string => trial.ask(22, 0, OWN, selection, 0);
    expect([convert(300), convert(301), convert(302)]).to.deep.equal(['passes', 'event 31', 'event 31']);
    expect([take(300), take(301), take(302)]).to.deep.equal(['passes', 'passes', 'silence']);
  });
});
