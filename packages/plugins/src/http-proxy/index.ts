import { definePlugin, PLUGIN_API } from '@lstp/core';
import { HttpProxyBackEnd } from './http-proxy-back-end.js';
import { HttpProxyFrontEnd } from './http-proxy-front-end.js';
import { HTTP_PROXY_OPTIONS } from './http-proxy-options.js';

export default definePlugin({
  name: 'http-proxy',
  api: PLUGIN_API,
  about: 'an HTTP proxy whose clients choose the target: CONNECT, and plain HTTP by URL',
  options: HTTP_PROXY_OPTIONS,
  targets: 'chosen',
  oneSided: { front: ['accounts'] },
  frontEnd: HttpProxyFrontEnd,
  backEnd: HttpProxyBackEnd,
});
