import { expect } from 'chai';
import { NO_COPY_RULES, NO_PASTE_RULES } from '../../src/x11/filter/clipboard-rules.js';
import { GRAB_RULES, KEYBOARD_RULES } from '../../src/x11/filter/keyboard-rules.js';
import { LOCAL_RULES } from '../../src/x11/filter/local-rules.js';
import { SENDING_RULES } from '../../src/x11/filter/sending-rules.js';
import { WINDOW_RULES } from '../../src/x11/filter/window-rules.js';
import { CORE } from '../../src/x11/wire/layouts/core.js';
import { extensionLayout, KNOWN_EXTENSIONS } from '../../src/x11/wire/layouts/extensions.js';
import type { Layout } from '../../src/x11/wire/layouts/layout.js';
import { isXcbProtoThere, readXcbProto } from './support/xcb-proto.js';

/** Not in xcb-proto. */
const OWN_TABLES = ['SECURITY'];
/** Print servers are gone. */
const LEFT_OUT = ['XpExtension'];

describe('x11/wire/layouts', () => {
  before(function () {
    if (!isXcbProtoThere) this.skip();
  });

  it('are those of xcb-proto, and of all that it has', () => {
    const protos = readXcbProto();
    expect(protos.map(({ name }) => name).filter((name) => name !== 'core' && !LEFT_OUT.includes(name))).to.have.members(KNOWN_EXTENSIONS.filter((name) => !OWN_TABLES.includes(name)));
    for (const { name, requests, events, genericEvents, errors } of protos.filter((one) => !LEFT_OUT.includes(one.name))) {
      const layout = layoutNamed(name);
      expect(entries(layout.requests), `${name}: requests`).to.deep.equal(sorted([...requests].map(([opcode, request]) => [opcode, { name: request.name, hasReply: request.hasReply }])));
      expect(entries(layout.events), `${name}: events`).to.deep.equal(sorted([...events]));
      // The core's only one is the frame of all others.
      if (name !== 'core') expect(entries(layout.genericEvents), `${name}: generic events`).to.deep.equal(sorted([...genericEvents]));
      expect(entries(layout.errors), `${name}: errors`).to.deep.equal(sorted([...errors]));
    }
  });

  it("are read by the policy's rules at the places that xcb-proto gives", () => {
    const protos = readXcbProto();
    for (const rules of [WINDOW_RULES, KEYBOARD_RULES, GRAB_RULES, SENDING_RULES, NO_COPY_RULES, NO_PASTE_RULES, LOCAL_RULES]) {
      for (const [extension, byRequest] of Object.entries(rules)) {
        const requests = [...(protos.find(({ name }) => name === extension)?.requests.values() ?? [])];
        for (const [name, { fields }] of Object.entries(byRequest)) {
          const known = requests.find((request) => request.name === name);
          expect(known, `${extension} ${name}`).not.to.equal(undefined);
          expect(known?.fields, `${extension} ${name}`).to.include.members([...fields]);
        }
      }
    }
  });
});

function layoutNamed(name: string): Layout {
  return name === 'core' ? CORE : (extensionLayout(name) as Layout);
}

function entries<T>(numbered: readonly (T | undefined)[]): [number, T][] {
  return [...numbered.entries()].filter((entry): entry is [number, T] => entry[1] !== undefined);
}

function sorted<T>(pairs: readonly (readonly [number, T])[]): (readonly [number, T])[] {
  return pairs.toSorted(([a], [b]) => a - b);
}
