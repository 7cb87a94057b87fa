import { definePlugin, PLUGIN_API } from '@lstp/core';
import { StdioConnector } from './stdio-connector.js';

export default definePlugin({ name: 'stdio', api: PLUGIN_API, about: 'joins standard input and output to a channel (`lstp connect`)', connector: StdioConnector });
