/** A plugin for the figure `monitor`: it watches every channel and does nothing with what it sees. */
import { definePlugin, PLUGIN_API, type ChannelWatch, type Monitor } from '@lstp/core';

let seen = 0;

class IdleMonitor implements Monitor {
  watch(): ChannelWatch {
    const see = ({ length }: Uint8Array): void => void (seen += length);
    return { outgoing: see, incoming: see };
  }
}

export default definePlugin({ name: 'idle', api: PLUGIN_API, about: 'counts bytes and does nothing else', monitor: IdleMonitor });
