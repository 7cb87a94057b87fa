import { definePlugin, PLUGIN_API } from '@lstp/core';
import { SocksDialer } from './socks-dialer.js';

export default definePlugin({
  name: 'socks-egress',
  api: PLUGIN_API,
  about: 'ways out through SOCKS proxies: 4, 4a, 5',
  schemes: ['socks4', 'socks4a', 'socks5'],
  legDialer: SocksDialer,
});
