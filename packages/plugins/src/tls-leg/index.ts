import { definePlugin, PLUGIN_API } from '@lstp/core';
import { TlsLegDialer, TlsLegListener } from './tls-leg.js';

export default definePlugin({
  name: 'tls-leg',
  api: PLUGIN_API,
  about: 'legs over TLS: they look like any TLS connection',
  schemes: ['tls'],
  legDialer: TlsLegDialer,
  legListener: TlsLegListener,
});
