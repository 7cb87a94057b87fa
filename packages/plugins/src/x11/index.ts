import { definePlugin, PLUGIN_API } from '@lstp/core';
import { X11BackEnd } from './back/x11-back-end.js';
import { X11FrontEnd } from './front/x11-front-end.js';
import { MONITOR_OPTIONS, X11Monitor } from './monitor/x11-monitor.js';
import { REWRITER_OPTIONS, X11Rewriter } from './rewriter/x11-rewriter.js';
import { BACK_OPTIONS, X11_OPTIONS } from './x11-options.js';

export default definePlugin({
  name: 'x11',
  api: PLUGIN_API,
  about: 'a display here for X clients, whose windows are on the X server there',
  options: X11_OPTIONS,
  oneSided: { front: ['display', 'sockets', 'xauthority'], back: BACK_OPTIONS },
  frontEnd: X11FrontEnd,
  backEnd: X11BackEnd,
  monitor: X11Monitor,
  rewriter: X11Rewriter,
  attachedOptions: { monitor: MONITOR_OPTIONS, rewriter: REWRITER_OPTIONS },
});
