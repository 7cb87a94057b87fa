import { definePlugin, PLUGIN_API } from '@lstp/core';
import { ForwardBackEnd } from './forward-back-end.js';
import { ForwardFrontEnd } from './forward-front-end.js';
import { FORWARD_OPTIONS, portCount } from './forward-options.js';

export default definePlugin({
  name: 'forward',
  api: PLUGIN_API,
  about: 'one address here to one there, TCP and Unix sockets in any combination; spans of ports, servers with fail-over',
  options: FORWARD_OPTIONS,
  targetCount: portCount,
  frontEnd: ForwardFrontEnd,
  backEnd: ForwardBackEnd,
});
