import { definePlugin, PLUGIN_API } from '@lstp/core';
import { WebSocketLegDialer } from './web-socket-dialer.js';
import { WebSocketLegListener } from './web-socket-listener.js';

export default definePlugin({
  name: 'websocket',
  api: PLUGIN_API,
  about: 'legs over WebSocket, with and without TLS, also behind a web server',
  schemes: ['ws', 'wss'],
  legDialer: WebSocketLegDialer,
  legListener: WebSocketLegListener,
});
