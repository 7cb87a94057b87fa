/** lstp/node: nodes inside another process, as `lstp up` makes them, without the command and without a control socket. */
export { composeNode, type NodeParts } from './compose-node.js';
export type { ComposedNode } from './composed-node.js';
export type { NodePlan } from './managed-node.js';
export { planAll, planOne } from './plan.js';
