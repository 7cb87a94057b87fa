/** Takes finger clients in: reads the query, and opens a channel to the host that it names. */
import { CHANNELS, formatHostPort, Handshake, LISTENERS, OPTIONS } from 'lstp/plugin';
import { parseQuery } from './query.js';

const QUERY_BYTES = 512;

/** @implements {FrontEnd} */
export class FingerFrontEnd {
  /** What the constructor is given, in this order. */
  static inject = [OPTIONS, LISTENERS, CHANNELS];

  #options;
  #listeners;
  #channels;
  /** @type {Listening | undefined} */
  #listening;

  /**
   * Keeps what it is given, and does nothing else.
   * @param {import('./index.js').Options} options as the schema made them
   * @param {Listeners} listeners
   * @param {ChannelOpener} channels
   */
  constructor(options, listeners, channels) {
    this.#options = options;
    this.#listeners = listeners;
    this.#channels = channels;
  }

  /** For `lstp status`. */
  get addresses() {
    return this.#listening === undefined ? [] : [this.#listening.address];
  }

  async start() {
    this.#listening = await this.#listeners.listen(this.#options.listen, (socket, source) => this.#serve(socket, source));
  }

  async stop() {
    await this.#listening?.close();
    this.#listening = undefined;
  }

  /**
   * @param {import('node:net').Socket} socket
   * @param {string | undefined} source
   */
  async #serve(socket, source) {
    const handshake = new Handshake(socket, { limitBytes: QUERY_BYTES });
    try {
      const { user, host } = await handshake.read(parseQuery);
      // From here on the channel owns the socket. What was read goes first; the far end resolves the name.
      this.#channels.join(socket, {
        target: formatHostPort({ host, port: this.#options.port }),
        head: Buffer.concat([Buffer.from(`${user}\r\n`), handshake.finish()]),
        answer: { connected: () => undefined, refused: ({ reason, message }) => Buffer.from(`${reason}: ${message}\r\n`) },
        ...(source === undefined ? {} : { source }),
      });
    } catch (error) {
      handshake.refuse(Buffer.from(`${/** @type {Error} */ (error).message}\r\n`));
    }
  }
}

/** @typedef {import('lstp/plugin').FrontEnd} FrontEnd */
/** @typedef {import('lstp/plugin').Listeners} Listeners */
/** @typedef {import('lstp/plugin').Listening} Listening */
/** @typedef {import('lstp/plugin').ChannelOpener} ChannelOpener */
