/** @lstp/plugins: the plugins that come with lstp, one folder each. A list and nothing else: importing a plugin does nothing. */
import 'reflect-metadata';
import type { PluginDefinition } from '@lstp/core';
import brotli from './brotli/index.js';
import forward from './forward/index.js';
import httpEgress from './http-egress/index.js';
import httpProxy from './http-proxy/index.js';
import login from './login/index.js';
import record from './record/index.js';
import socks from './socks/index.js';
import socksEgress from './socks-egress/index.js';
import stdio from './stdio/index.js';
import tlsLeg from './tls-leg/index.js';
import tls from './tls/index.js';
import udp from './udp/index.js';
import websocket from './websocket/index.js';
import x11 from './x11/index.js';
import zlib from './zlib/index.js';
import zstd from './zstd/index.js';

/** All of them, as `lstp` hands them to a chain file. */
export const bundledPlugins: readonly PluginDefinition[] = [brotli, forward, httpEgress, httpProxy, login, record, socks, socksEgress, stdio, tls, tlsLeg, udp, websocket, x11, zlib, zstd];

export type { X11Report } from './x11/monitor/x11-report.js';
