import { definePlugin, PLUGIN_API } from '@lstp/core';
import { HttpConnectDialer } from './http-connect-dialer.js';

export default definePlugin({
  name: 'http-egress',
  api: PLUGIN_API,
  about: 'ways out through HTTP proxies: CONNECT, over TLS too; Basic and Digest',
  schemes: ['http', 'https'],
  legDialer: HttpConnectDialer,
});
