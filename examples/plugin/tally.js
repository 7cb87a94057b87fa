/** The plugin `finger-tally`: a monitor that logs, at the end of a channel, how many bytes went each way. */
import { definePlugin, LOGGER, PLUGIN_API } from 'lstp/plugin';

/** @implements {Monitor} */
class Tally {
  static inject = [LOGGER];

  #logger;

  /** @param {import('lstp/plugin').Logger} logger */
  constructor(logger) {
    this.#logger = logger;
  }

  /**
   * One for each channel. Whatever it does must be quick: the bytes wait for it.
   * @param {import('lstp/plugin').ChannelFacts} channel
   * @returns {import('lstp/plugin').ChannelWatch}
   */
  watch({ id, source }) {
    let [bytesOut, bytesIn] = [0, 0];
    return {
      outgoing: (bytes) => void (bytesOut += bytes.length),
      incoming: (bytes) => void (bytesIn += bytes.length),
      closed: (reason) => this.#logger.info({ channel: id, source, bytesOut, bytesIn, reason }, 'tally'),
    };
  }
}

export default definePlugin({ name: 'finger-tally', api: PLUGIN_API, about: 'logs how many bytes a channel carried', monitor: Tally });

/** @typedef {import('lstp/plugin').Monitor} Monitor */
