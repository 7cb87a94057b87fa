import { definePlugin, PLUGIN_API } from '@lstp/core';
import { TlsSecurity } from './tls-security.js';

export default definePlugin({ name: 'tls', api: PLUGIN_API, about: 'secures carriers: TLS 1.3 between pinned Ed25519 keys', security: TlsSecurity });
