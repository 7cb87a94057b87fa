import { definePlugin, PLUGIN_API } from '@lstp/core';
import { SocksBackEnd } from './socks-back-end.js';
import { SocksFrontEnd } from './socks-front-end.js';
import { SOCKS_OPTIONS } from './socks-options.js';

export default definePlugin({
  name: 'socks',
  api: PLUGIN_API,
  about: 'a SOCKS server (4, 4a, 5): applications choose the target, `allow` at the far end decides',
  options: SOCKS_OPTIONS,
  targets: 'chosen',
  oneSided: { front: ['accounts'] },
  frontEnd: SocksFrontEnd,
  backEnd: SocksBackEnd,
});
