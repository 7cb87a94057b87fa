export { HIDDEN_EXTENSIONS } from './hidden-extensions.js';
export { POLICY_OPTIONS, type PolicyOptions } from './policy-options.js';
export type { Denied } from './refusal.js';
export { X11Filter, type X11FilterOptions } from './x11-filter.js';
