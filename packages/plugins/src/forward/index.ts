import { definePlugin, PLUGIN_API } from '@lstp/core';
import { ForwardBackEnd } from './forward-back-end.js';
import { ForwardFrontEnd } from './forward-front-end.js';
import { FORWARD_OPTIONS } from './forward-options.js';

export default definePlugin({
  name: 'forward',
  api: PLUGIN_API,
  about: 'one address here to one address there, TCP and Unix sockets in any combination',
  options: FORWARD_OPTIONS,
  frontEnd: ForwardFrontEnd,
  backEnd: ForwardBackEnd,
});
