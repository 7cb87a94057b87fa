/** Which requests are refused, and which extensions are not shown: what a chain file's keys become. */
import { CORE } from '../wire/layouts/core.js';
import { extensionLayout } from '../wire/layouts/extensions.js';
import { FIRST_EXTENSION, type Request } from '../wire/request.js';
import type { Judge } from './client-side.js';
import { isSelectionName, NO_COPY_RULES, NO_PASTE_RULES } from './clipboard-rules.js';
import type { Connection } from './connection.js';
import { GRAB_RULES, KEYBOARD_EXTENSIONS, KEYBOARD_RULES } from './keyboard-rules.js';
import { LOCAL_RULES } from './local-rules.js';
import type { PolicyOptions } from './policy-options.js';
import type { Refusal } from './refusal.js';
import { denied, MOST_INSPECTED_BYTES, RECORDING_EXTENSIONS, type Rule, type Rules } from './rule.js';
import { SENDING_EXTENSIONS, SENDING_RULES } from './sending-rules.js';
import { WINDOW_RULES } from './window-rules.js';

interface NamedRule {
  readonly name: string;
  readonly rule: Rule;
}

/** What is looked at of one kind of request. */
interface Inspection {
  readonly bytes: number;
  readonly whole: boolean;
  readonly rules: readonly NamedRule[];
}

export class Policy implements Judge {
  /** Beside those that are hidden anyway. */
  readonly hiddenExtensions: readonly string[];
  readonly #connection: Connection;
  readonly #readsNames: boolean;
  /** By extension (`core`), then by opcode. */
  readonly #inspections = new Map<string, (Inspection | undefined)[]>();
  readonly #core: readonly (Inspection | undefined)[];

  constructor(connection: Connection, options: PolicyOptions, { hiddenExtensions }: { readonly hiddenExtensions: readonly string[] }) {
    const { deny = [], windows, keyboard, sendEvents, clipboard = 'both' } = options;
    this.#connection = connection;
    this.#readsNames = clipboard !== 'both';
    const hidesOthers = windows === 'own' || clipboard === 'copy' || clipboard === 'none';
    this.hiddenExtensions = [...deny, ...(hidesOthers ? RECORDING_EXTENSIONS : []), ...(keyboard === 'own' ? KEYBOARD_EXTENSIONS : []), ...(sendEvents === 'own' ? SENDING_EXTENSIONS : [])];
    for (const [name, rules] of rulesOf(options, hiddenExtensions)) this.#add(name, rules);
    this.#core = this.#inspections.get('core') ?? [];
  }

  inspects(request: Request): number {
    const inspection = this.#inspectionOf(request);
    if (inspection === undefined) return 4;
    return inspection.whole ? Math.min(request.plainBytes, MOST_INSPECTED_BYTES) : inspection.bytes;
  }

  judge(request: Request): Refusal | undefined {
    const inspection = this.#inspectionOf(request);
    if (inspection === undefined) return undefined;
    for (const { name, rule } of inspection.rules) {
      const instead = inspection.whole && request.plainBytes > MOST_INSPECTED_BYTES ? denied() : check(rule, request, this.#connection);
      if (instead !== undefined) return { rule: name, instead };
    }
    return undefined;
  }

  wantsAtom(name: string): boolean {
    return this.#readsNames && isSelectionName(name);
  }

  #inspectionOf({ major, minor }: Request): Inspection | undefined {
    if (major < FIRST_EXTENSION) return this.#core[major];
    const extension = this.#connection.extensions.at(major);
    return extension === undefined ? undefined : this.#inspections.get(extension.name)?.[minor];
  }

  #add(name: string, rules: Rules): void {
    for (const [extension, byRequest] of Object.entries(rules)) {
      const of = this.#inspections.get(extension) ?? [];
      this.#inspections.set(extension, of);
      for (const [request, rule] of Object.entries(byRequest)) {
        const opcode = opcodeOf(extension, request);
        const { bytes = 4, whole = false, rules: before = [] } = of[opcode] ?? {};
        of[opcode] = { bytes: Math.max(bytes, rule.bytes), whole: whole || rule.whole === true, rules: [...before, { name, rule }] };
      }
    }
  }
}

/** Each key of the options that forbids something, with what it forbids. */
function rulesOf({ windows, keyboard, grabs, sendEvents, clipboard = 'both' }: PolicyOptions, hidden: readonly string[]): [string, Rules][] {
  const rules: [string, Rules][] = [];
  if (hidden.includes('MIT-SHM')) rules.push(['local only', LOCAL_RULES]);
  if (windows === 'own') rules.push(['windows', WINDOW_RULES]);
  if (keyboard === 'own') rules.push(['keyboard', KEYBOARD_RULES]);
  if (grabs === 'refused') rules.push(['grabs', GRAB_RULES]);
  if (sendEvents === 'own') rules.push(['sendEvents', SENDING_RULES]);
  if (clipboard === 'copy' || clipboard === 'none') rules.push(['clipboard', NO_PASTE_RULES]);
  if (clipboard === 'paste' || clipboard === 'none') rules.push(['clipboard', NO_COPY_RULES]);
  return rules;
}

function check(rule: Rule, request: Request, connection: Connection): Refusal['instead'] | undefined {
  return request.plainBytes < rule.least ? undefined : rule.check(request, connection);
}

/** Throws for a name that no table has: a mistake of ours, which a test finds. */
function opcodeOf(extension: string, request: string): number {
  const layout = extension === 'core' ? CORE : extensionLayout(extension);
  const opcode = layout?.requests.findIndex((one) => one?.name === request) ?? -1;
  if (opcode < 0) throw new Error(`no request ${extension} ${request} is known`);
  return opcode;
}
