/** lstp/plugin: what a plugin imports; see docs/plugins.md. */
export * from '@lstp/core/plugin';
