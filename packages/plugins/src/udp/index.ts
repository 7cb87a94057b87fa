import { definePlugin, PLUGIN_API } from '@lstp/core';
import { UdpBackEnd } from './udp-back-end.js';
import { UdpFrontEnd } from './udp-front-end.js';
import { UDP_OPTIONS } from './udp-options.js';

export default definePlugin({
  name: 'udp',
  api: PLUGIN_API,
  about: 'datagrams to one address here, to one address there; each client has a flow of its own',
  options: UDP_OPTIONS,
  listens: 'datagram',
  frontEnd: UdpFrontEnd,
  backEnd: UdpBackEnd,
});
