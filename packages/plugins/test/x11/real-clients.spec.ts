import { expect } from 'chai';
import { skipBecause } from '@lstp/core/testing';
import { HIDDEN_EXTENSIONS } from '../../src/x11/filter/hidden-extensions.js';
import type { PolicyOptions } from '../../src/x11/filter/policy-options.js';
import type { Denied } from '../../src/x11/filter/refusal.js';
import { X11Filter } from '../../src/x11/filter/x11-filter.js';
import { ClientWatch } from '../../src/x11/monitor/client-watch.js';
import type { X11Report } from '../../src/x11/monitor/x11-report.js';
import { KNOWN_EXTENSIONS } from '../../src/x11/wire/layouts/extensions.js';
import { areXProgramsThere, RecordingDisplay, type Conversation } from './support/recorded-client.js';
import { pieces } from './support/x-bytes.js';

const STRICT: PolicyOptions = { windows: 'own', keyboard: 'own', grabs: 'refused', sendEvents: 'own', clipboard: 'none', deny: [] };
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  xdpyinfo: ['-queryExtensions', '-ext', 'all'],
  xterm: ['-T', 'a terminal', '-e', 'echo some text; exit'],
  xinput: ['list'],
};

describe('x11: what real programs and a real Xvfb say', () => {
  let display: RecordingDisplay;
  const said = new Map<string, { readonly stdout: string; readonly conversation: Conversation }>();

  before(async function () {
    this.timeout(60_000);
    if (!areXProgramsThere) skipBecause(this, 'xvfb, x11-utils, xterm or xinput is not installed');
    display = await RecordingDisplay.start();
    for (const [program, args] of Object.entries(PROGRAMS)) said.set(program, await display.record(program, ...args));
  });
  after(() => display?.stop());

  function conversationOf(program: string): Conversation {
    const { conversation } = said.get(program) as { readonly conversation: Conversation };
    expect(conversation.length).to.be.greaterThan(10);
    return conversation;
  }

  it('is in the tables: every extension of the server', () => {
    const listed = [...(said.get('xdpyinfo')?.stdout ?? '').matchAll(/^ {4}(\S.*?) {2}\(opcode: /gm)].map(([, name]) => name);
    expect(listed).to.include.members(['BIG-REQUESTS', 'XInputExtension', 'SECURITY']);
    expect(KNOWN_EXTENSIONS).to.include.members(listed);
  });

  for (const program of Object.keys(PROGRAMS)) {
    describe(program, function () {
      this.timeout(60_000);
      it('passes a filter that hides nothing as it is, in any chunking', () => {
        for (const size of [1, 7, 33, 4096, Infinity]) {
          const { requests, answers } = filtered(conversationOf(program), new X11Filter({ hiddenExtensions: [] }), size);
          expect([requests.equals(all(program, 'client')), answers.equals(all(program, 'server'))], `pieces of ${size}`).to.deep.equal([true, true]);
        }
      });

      it('is followed by the monitor to its end, every request by its name, in any chunking', () => {
        const reports = [1, 7, 33, 4096, Infinity].map((size) => watched(conversationOf(program), size));
        for (const report of reports) {
          expect(report.state, report.reason).to.equal('open');
          expect(report.roundTrips.waiting).to.equal(0);
          expect(Object.keys({ ...report.requests.byName, ...report.events.byName, ...report.errors.byName }).filter((name) => /opcode|event|\d+$/.test(name.replace(/8|16|32$/, '')))).to.deep.equal([]);
        }
        expect(new Set(reports.map((report) => JSON.stringify(report))).size).to.equal(1);
      });
    });
  }

  it('tells the monitor who the terminal is', () => {
    const { client, windows, requests } = watched(conversationOf('xterm'), Infinity);
    expect(client).to.include({ title: 'a terminal', instance: 'xterm', class: 'XTerm', byteOrder: 'least significant first' });
    expect(windows.titled.map(({ title }) => title)).to.deep.equal(['a terminal']);
    expect(requests.byName).to.include.keys('CreateWindow', 'MapWindow', 'ChangeProperty', 'ImageText8');
  });

  it('is nothing that a policy has to refuse of a terminal', () => {
    const denied: Denied[] = [];
    const filter = new X11Filter({ hiddenExtensions: HIDDEN_EXTENSIONS, policy: STRICT }, (what) => denied.push(what));
    filtered(conversationOf('xterm'), filter, 33);
    expect(denied.filter(({ rule }) => rule !== 'hidden')).to.deep.equal([]);
  });

  function all(program: string, from: 'client' | 'server'): Buffer {
    return Buffer.concat(conversationOf(program).filter((piece) => piece.from === from).map(({ bytes }) => bytes));
  }
});

function filtered(conversation: Conversation, filter: X11Filter, size: number): { readonly requests: Buffer; readonly answers: Buffer } {
  const out = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  for (const { from, bytes } of conversation) {
    for (const piece of pieces(bytes, size)) out[from].push(...(from === 'client' ? filter.requests(piece) : filter.answers(piece)));
  }
  return { requests: Buffer.concat(out.client), answers: Buffer.concat(out.server) };
}

function watched(conversation: Conversation, size: number): X11Report {
  const watch = new ClientWatch({ now: () => 0 });
  for (const { from, bytes } of conversation) {
    for (const piece of pieces(bytes, size)) watch[from === 'client' ? 'requests' : 'answers'](piece);
  }
  return watch.report();
}
