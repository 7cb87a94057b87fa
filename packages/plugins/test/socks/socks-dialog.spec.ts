import { expect } from 'chai';
import * as fc from 'fast-check';
import { LOGIN_REFUSED, SocksDialog, type SocksPolicy, type SocksStep } from '../../src/socks/socks-dialog.js';
import type { SocksCommand } from '../../src/socks/socks-request.js';

const ALL: ReadonlySet<SocksCommand> = new Set(['connect', 'bind', 'associate']);
const OPEN: SocksPolicy = { login: 'none', commands: ALL };
const CLOSED: SocksPolicy = { login: 'password', commands: ALL };
/** The only right proof. */
const ANN = { user: 'ann', password: 'secret' };

/** All that the other side hears, and what it comes to; `undefined`: more bytes are waited for. */
interface Outcome {
  readonly said: string;
  readonly end: SocksStep | undefined;
  readonly taken: number;
}

/** A server without sockets: it is given `bytes` in pieces that end at `cuts`. */
function serve(policy: SocksPolicy, bytes: Buffer, cuts: readonly number[] = []): Outcome {
  const dialog = new SocksDialog(policy);
  const said: string[] = [];
  let [taken, arrived] = [0, 0];
  for (const cut of [...cuts, bytes.length]) {
    arrived = Math.max(arrived, Math.min(cut, bytes.length));
    for (;;) {
      const waiting = bytes.subarray(taken, arrived);
      const parsed = waiting.length === 0 ? undefined : dialog.parse(waiting);
      if (parsed === undefined) break;
      const step = parsed.value;
      expect(parsed.length).to.be.within(step.kind === 'refuse' ? 0 : 1, waiting.length);
      taken += parsed.length;
      if (step.kind === 'reply') said.push(step.bytes.toString('hex'));
      else if (step.kind === 'login' && step.user === ANN.user && step.password === ANN.password) said.push(dialog.accept().toString('hex'));
      else return { said: [...said, step.kind === 'refuse' ? (step.bytes ?? Buffer.alloc(0)).toString('hex') : step.kind === 'login' ? LOGIN_REFUSED.toString('hex') : ''].filter((text) => text !== '').join(' '), end: step, taken };
    }
  }
  return { said: said.join(' '), end: undefined, taken };
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function ascii(text: string): string {
  return Buffer.from(text).toString('hex');
}

const LOGIN = `01 03 ${ascii('ann')} 06 ${ascii('secret')}`;
const NAME = `03 0a ${ascii('build.acme')}`;

/** Everything that is served: what an application sends, what it is told meanwhile, what it wants. */
const REQUESTS: readonly (readonly [title: string, policy: SocksPolicy, bytes: string, said: string, wanted: object])[] = [
  ['CONNECT to IPv4', OPEN, '05 01 00  05 01 00 01 c0000207 0050', '0500', { version: 5, command: 'connect', host: '192.0.2.7', port: 80 }],
  ['CONNECT to IPv6', OPEN, '05 01 00  05 01 00 04 20010db8000000000000000000000001 01bb', '0500', { version: 5, command: 'connect', host: '2001:db8::1', port: 443 }],
  ['CONNECT to a name', OPEN, `05 01 00  05 01 00 ${NAME} 0016`, '0500', { version: 5, command: 'connect', host: 'build.acme', port: 22 }],
  ['CONNECT to a name of 255 bytes', OPEN, `05 01 00  05 01 00 03 ff ${ascii('a'.repeat(255))} 0016`, '0500', { version: 5, command: 'connect', host: 'a'.repeat(255), port: 22 }],
  ['BIND', OPEN, '05 02 00 02  05 02 00 01 c0000207 0015', '0500', { version: 5, command: 'bind', host: '192.0.2.7', port: 21 }],
  ['UDP ASSOCIATE', OPEN, '05 01 00  05 03 00 01 00000000 0000', '0500', { version: 5, command: 'associate', host: '0.0.0.0', port: 0 }],
  ['user and password', CLOSED, `05 02 00 02  ${LOGIN}  05 01 00 ${NAME} 0016`, '0502 0100', { version: 5, command: 'connect', host: 'build.acme', port: 22 }],
  ['SOCKS 4 CONNECT', OPEN, `04 01 0050 c0000207 ${ascii('ann')} 00`, '', { version: 4, command: 'connect', host: '192.0.2.7', port: 80 }],
  ['SOCKS 4 CONNECT without a user', OPEN, '04 01 0050 c0000207 00', '', { version: 4, command: 'connect', host: '192.0.2.7', port: 80 }],
  ['SOCKS 4 BIND', OPEN, '04 02 0015 c0000207 00', '', { version: 4, command: 'bind', host: '192.0.2.7', port: 21 }],
  ['SOCKS 4a', OPEN, `04 01 0016 00000001 ${ascii('ann')} 00 ${ascii('build.acme')} 00`, '', { version: 4, command: 'connect', host: 'build.acme', port: 22 }],
  ['SOCKS 4 to 0.0.0.0, which is no 4a', OPEN, '04 01 0050 00000000 00', '', { version: 4, command: 'connect', host: '0.0.0.0', port: 80 }],
  ['SOCKS 4 to 0.0.1.1, which is no 4a', OPEN, '04 01 0050 00000101 00', '', { version: 4, command: 'connect', host: '0.0.1.1', port: 80 }],
];

/** Everything that is refused: the last words. */
const REFUSALS: readonly (readonly [title: string, policy: SocksPolicy, bytes: string, said: string])[] = [
  ['a version that is none, without a word', OPEN, '06', ''],
  ['HTTP, without a word', OPEN, ascii('GET / HTTP/1.1'), ''],
  ['no method at all', OPEN, '05 00', '05ff'],
  ['methods that are not served', OPEN, '05 02 01 80', '05ff'],
  ['a log-in that nobody asks for', OPEN, '05 01 02', '05ff'],
  ['an application without a password', CLOSED, '05 01 00', '05ff'],
  ['a wrong password', CLOSED, `05 01 02  01 03 ${ascii('ann')} 05 ${ascii('guess')}`, '0502 0101'],
  ['an empty user and password', CLOSED, '05 01 02  01 00 00', '0502 0101'],
  ['a log-in of another version', CLOSED, '05 01 02  05', '0502 0101'],
  ['a request of another version', OPEN, '05 01 00  04', '0500 05010001000000000000'],
  ['command 0', OPEN, '05 01 00  05 00 00 01', '0500 05070001000000000000'],
  ['command 4', OPEN, '05 01 00  05 04 00 01', '0500 05070001000000000000'],
  ['a command that the service does not have', { login: 'none', commands: new Set(['connect']) }, '05 01 00  05 03 00 01', '0500 05070001000000000000'],
  ['address type 2', OPEN, '05 01 00  05 01 00 02', '0500 05080001000000000000'],
  ['address type 0', OPEN, '05 01 00  05 01 00 00', '0500 05080001000000000000'],
  ['a name of no bytes', OPEN, '05 01 00  05 01 00 03 00 0050', '0500 05040001000000000000'],
  ['a name with a control character', OPEN, '05 01 00  05 01 00 03 03 61 0a 62 0050', '0500 05040001000000000000'],
  ['a name beyond ASCII', OPEN, '05 01 00  05 01 00 03 02 c3 a4 0050', '0500 05040001000000000000'],
  ['SOCKS 4 where a password is needed', CLOSED, '04', '005b000000000000'],
  ['SOCKS 4 command 3', OPEN, '04 03 0050 c0000207 00', '005b000000000000'],
  ['SOCKS 4 with a user of 256 bytes', OPEN, `04 01 0050 c0000207 ${ascii('u'.repeat(256))} 00`, '005b000000000000'],
  ['SOCKS 4 with a user without end', OPEN, `04 01 0050 c0000207 ${ascii('u'.repeat(256))}`, '005b000000000000'],
  ['SOCKS 4a with a name of no bytes', OPEN, '04 01 0050 00000001 00 00', '005b000000000000'],
  ['SOCKS 4a with a name of 256 bytes', OPEN, `04 01 0050 00000001 00 ${ascii('n'.repeat(256))} 00`, '005b000000000000'],
  ['SOCKS 4a with a blank in the name', OPEN, `04 01 0050 00000001 00 ${ascii('a b')} 00`, '005b000000000000'],
];

describe('plugins/socks, the dialog', () => {
  for (const [title, policy, text, said, request] of REQUESTS) {
    it(`takes ${title}, in whatever pieces it comes, and leaves what follows`, () => {
      const bytes = hex(text);
      const expected = { said, end: { kind: 'request', request }, taken: bytes.length };
      expect(serve(policy, bytes)).to.deep.equal(expected);
      expect(serve(policy, Buffer.concat([bytes, Buffer.from('the data')]))).to.deep.equal(expected);
      expect(serve(policy, bytes, [...bytes.keys()])).to.deep.equal(expected);
      for (const cut of bytes.keys()) expect(serve(policy, bytes, [cut]), `cut at ${cut}`).to.deep.equal(expected);
    });

    it(`waits for the rest of ${title}`, () => {
      const bytes = hex(text);
      for (const length of bytes.keys()) expect(serve(policy, bytes.subarray(0, length)).end, `${length} bytes`).to.equal(undefined);
    });
  }

  for (const [title, policy, text, said] of REFUSALS) {
    it(`refuses ${title}`, () => {
      const bytes = hex(text);
      const whole = serve(policy, bytes);
      expect(whole.said).to.equal(said);
      expect(whole.end?.kind).to.be.oneOf(['refuse', 'login']);
      for (const cut of bytes.keys()) expect(serve(policy, bytes, [cut]), `cut at ${cut}`).to.deep.equal(whole);
    });
  }

  it('does the same with every mutated byte of every request, in any pieces: it decides or waits', () => {
    const mutation = fc.record({ which: fc.nat(REQUESTS.length - 1), at: fc.nat(600), value: fc.nat(255), cuts: fc.array(fc.nat(600), { maxLength: 6 }) });
    fc.assert(
      fc.property(mutation, ({ which, at, value, cuts }) => {
        const [, policy, text] = REQUESTS[which] as (typeof REQUESTS)[number];
        const bytes = hex(text);
        bytes[at % bytes.length] = value;
        expect(serve(policy, bytes, cuts.toSorted((a, b) => a - b))).to.deep.equal(serve(policy, bytes));
      }),
      { numRuns: 3000 },
    );
  });

  it('has decided on each of the 256 values of each byte of each request once enough has come', () => {
    for (const [title, policy, text] of REQUESTS) {
      const bytes = hex(text);
      // Names are long and dull: their first bytes say it all.
      for (const at of [...bytes.keys()].filter((index) => index < 24)) {
        for (let value = 0; value < 256; value += 1) {
          const mutated = Buffer.concat([bytes, Buffer.alloc(1100)]);
          mutated[at] = value;
          expect(serve(policy, mutated).end, `${title}, byte ${at} is ${value}`).not.to.equal(undefined);
        }
      }
    }
  });

  it('throws for no bytes whatever, and never waits for more than a kilobyte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1500 }), fc.constantFrom(4, 5), fc.constantFrom(OPEN, CLOSED), (random, version, policy) => {
        const bytes = Buffer.from([version, ...random]);
        const { end, taken } = serve(policy, bytes);
        expect(end !== undefined || bytes.length - taken <= 1024).to.equal(true);
      }),
      { numRuns: 2000 },
    );
  });
});
