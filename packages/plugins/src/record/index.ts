import { definePlugin, PLUGIN_API } from '@lstp/core';
import { RECORD_OPTIONS } from './record-options.js';
import { Recorder } from './recorder.js';

export default definePlugin({
  name: 'record',
  api: PLUGIN_API,
  about: 'records the plain bytes of a service in a file for Wireshark and tcpdump (pcapng)',
  options: RECORD_OPTIONS,
  monitor: Recorder,
});
