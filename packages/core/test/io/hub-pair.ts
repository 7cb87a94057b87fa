/** Two nodes, desk and west, over loopback; desk dials. All ends with close(). */
import type { LegUse } from '../../src/protocol/leg-hello.js';
import type { LegConnection, LegEnd, LegHandler, LegNews } from '../../src/io/leg-connection.js';
import { LegHub, type LegHubOptions } from '../../src/io/leg-hub.js';
import type { Neighbour } from '../../src/io/neighbour.js';
import { namedSigner } from '../../src/testing/index.js';

export interface LogLine {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export class HubPair {
  readonly lines: LogLine[] = [];
  readonly desk: LegHub;
  west!: LegHub;
  readonly #westOptions: Partial<LegHubOptions>;

  constructor(options: { readonly desk?: Partial<LegHubOptions>; readonly west?: Partial<LegHubOptions> } = {}) {
    this.#westOptions = options.west ?? {};
    this.desk = this.#hub('desk', options.desk);
  }

  async start(port = 0): Promise<this> {
    this.west = this.#hub('west', { ...this.#westOptions, listen: [{ scheme: 'tcp', host: '127.0.0.1', port }] });
    this.west.know(this, { neighbours: [{ node: 'desk', keys: [namedSigner('desk').publicKey] }] });
    await this.west.start();
    return this;
  }

  get port(): number {
    return Number(/\d+$/.exec(this.west.addresses[0] ?? '')?.[0]);
  }

  /** west, as desk dials it. */
  neighbour(members: Partial<Neighbour> = {}): Neighbour {
    const addresses = [{ scheme: 'tcp' as const, host: '127.0.0.1', port: this.port }];
    return { node: 'west', keys: [namedSigner('west').publicKey], addresses, paths: [{ through: [] }], ...members };
  }

  dial(use: LegUse, handler: LegHandler = new Recorder()): Promise<LegConnection> {
    return this.desk.dial({ neighbour: this.neighbour(), use, handler });
  }

  close(): void {
    this.desk.stop();
    this.west.stop();
  }

  #hub(node: string, options: Partial<LegHubOptions> = {}): LegHub {
    const log = (level: string) => (fields: object, message = '') => void this.lines.push({ level, fields: fields as Record<string, unknown>, message });
    const sinks = { debug: log('debug'), info: log('info'), warn: log('warn') } as unknown as LegHubOptions['log'];
    return new LegHub({ node, signer: namedSigner(node), log: sinks, pingMs: 1000, ...options });
  }
}

/** A handler that remembers. */
export class Recorder implements LegHandler {
  readonly news: LegNews[] = [];
  end: LegEnd | undefined;
  #onChange: (() => void) | undefined;

  handleNews(news: LegNews): void {
    this.news.push(news);
    this.#onChange?.();
  }

  handleEnd(end: LegEnd): void {
    this.end = end;
    this.#onChange?.();
  }

  /** Resolves when `ready` holds. */
  async until(ready: (recorder: this) => boolean): Promise<void> {
    while (!ready(this)) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
    }
  }

  has(type: LegNews['type']): boolean {
    return this.news.some((news) => news.type === type);
  }
}

/** Lets the loop go round until `ready` holds. */
export async function until(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise(setImmediate);
}
