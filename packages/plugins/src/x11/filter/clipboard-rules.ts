/**
 * `clipboard`: selections, and the cut buffers that were there before them. Which selection is the clipboard, a number
 * says that anybody may guess; so all are refused but those that are known to be something else, by names that the
 * client has asked for itself.
 */
import type { Rule, Rules } from './rule.js';

/** Owned by window managers, trays, settings; and input methods, which are also asked by ConvertSelection. */
const MANAGERS = /^(?:WM_S|_NET_|_XSETTINGS_|@server=)/;
const INPUT_METHODS = /^@server=/;
/** Properties of the root window, of numbers that never change. */
const CUT_BUFFERS = { first: 9, last: 16 } as const;

const converting: Rule = {
  least: 24,
  bytes: 24,
  fields: ['requestor@4', 'selection@8', 'target@12', 'time@20'],
  check(request, connection) {
    const [requestor, selection, target, time] = [request.u32(4), request.u32(8), request.u32(12), request.u32(20)];
    if (INPUT_METHODS.test(connection.atomName(selection))) return undefined;
    return { kind: 'no selection', requestor, selection, target, time };
  },
};

const owning: Rule = {
  least: 16,
  bytes: 16,
  fields: ['selection@8'],
  check: (request, connection) => (MANAGERS.test(connection.atomName(request.u32(8))) ? undefined : { kind: 'silence' }),
};

const readingProperty: Rule = {
  least: 24,
  bytes: 24,
  fields: ['window@4', 'property@8'],
  check: (request, connection) => (connection.isRoot(request.u32(4)) && isCutBuffer(request.u32(8)) ? { kind: 'empty' } : undefined),
};

/** ChangeProperty and DeleteProperty. */
const writingProperty: Rule = {
  least: 12,
  bytes: 12,
  fields: ['window@4', 'property@8'],
  check: (request, connection) => (connection.isRoot(request.u32(4)) && isCutBuffer(request.u32(8)) ? { kind: 'silence' } : undefined),
};

const rotatingProperties: Rule = {
  least: 12,
  bytes: 12,
  whole: true,
  fields: ['window@4', 'atoms_len@8', 'atoms@12'],
  check(request, connection) {
    const count = Math.min(request.u16(8), (request.plainBytes - 12) / 4);
    const atoms = Array.from({ length: count }, (_none, index) => request.u32(12 + 4 * index));
    return connection.isRoot(request.u32(4)) && atoms.some(isCutBuffer) ? { kind: 'silence' } : undefined;
  },
};

/** Names that these rules must know the numbers of. */
export function isSelectionName(name: string): boolean {
  return MANAGERS.test(name);
}

/** Nothing is read of the display's clipboard. */
export const NO_PASTE_RULES: Rules = { core: { ConvertSelection: converting, GetProperty: readingProperty } };

/** Nothing is put into it. */
export const NO_COPY_RULES: Rules = {
  core: { SetSelectionOwner: owning, ChangeProperty: writingProperty, DeleteProperty: writingProperty, RotateProperties: rotatingProperties },
};

function isCutBuffer(atom: number): boolean {
  return atom >= CUT_BUFFERS.first && atom <= CUT_BUFFERS.last;
}
