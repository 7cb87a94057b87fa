/** A display at desk, through desk > west > east < lab as four processes, of an Xvfb that is as on another machine. */
import type { ServiceStatus } from '@lstp/core';
import { join } from 'node:path';
import type { Running, Workplace } from 'lstp/testing';
import { ProcessChain } from './process-chain.js';
import { XDisplay, type XDisplayOptions } from './x-display.js';

export interface X11BedOptions extends XDisplayOptions {
  /** Further keys of the service, in YAML's flow style: `trust: untrusted`. */
  readonly keys?: string;
  /** N of `:N` at desk; the first free one if absent. */
  readonly display?: number;
}

export class X11Bed {
  static async start(place: Workplace, { keys = '', display, ...options }: X11BedOptions = {}): Promise<X11Bed> {
    const far = await XDisplay.start(place, { isElsewhere: true, ...options });
    const chain = await ProcessChain.make(place);
    const bed = new X11Bed(place, { chain, far, display });
    bed.write(keys);
    await Promise.all((['west', 'east', 'lab', 'desk'] as const).map((node) => chain.start(node)));
    await bed.#look();
    return bed;
  }

  readonly chain: ProcessChain;
  readonly far: XDisplay;
  /** What programs at desk need to have their windows at lab; empty where the service does not work. */
  environment: Readonly<Record<string, string>> = {};

  readonly #display: readonly string[];

  private constructor(
    private readonly place: Workplace,
    { chain, far, display }: { readonly chain: ProcessChain; readonly far: XDisplay; readonly display: number | undefined },
  ) {
    this.#display = display === undefined ? [] : [`display: ${display}`];
    this.chain = chain;
    this.far = far;
  }

  /** Of desk: what the service writes, and clients read. */
  get authority(): string {
    return join(this.place.folder, 'desk.Xauthority');
  }

  write(keys = ''): void {
    const own = keys.startsWith('xauthority:') ? [] : ['xauthority: desk.Xauthority'];
    const all = ['plugin: x11', 'at: desk', `to: "${this.far.name}"`, `toXauthority: "${this.far.authority}"`, ...this.#display, ...own, ...(keys === '' ? [] : [keys])];
    this.chain.write({ services: [`x: { ${all.join(', ')} }`] });
  }

  /** `lstp x11 run`, with the program behind it. */
  run(program: string, ...args: readonly string[]): Running {
    return this.place.start(['x11', 'run', 'chain.yaml', '--as', 'desk', '--', program, ...args]);
  }

  /** A program at desk, without `lstp x11 run` around it: quicker, and its signals are its own. */
  client(program: string, ...args: readonly string[]): Running {
    return this.clientIn(this.environment, program, ...args);
  }

  /** The same, with this in its environment. */
  clientIn(environment: Readonly<Record<string, string>>, program: string, ...args: readonly string[]): Running {
    return this.place.spawn('env', [...Object.entries(environment).map(([key, value]) => `${key}=${value}`), program, ...args]);
  }

  /** Changes keys of the service, at both ends. */
  async change(keys: string): Promise<void> {
    const wrong = await this.tryChange(keys);
    if (wrong !== '') throw new Error(wrong);
  }

  /** Resolves with what `lstp reload` says is wrong. */
  async tryChange(keys: string): Promise<string> {
    this.write(keys);
    let wrong = '';
    for (const node of ['lab', 'desk'] as const) wrong += (await this.place.run(['reload', 'chain.yaml', '--as', node])).stderr;
    await this.#look();
    return wrong;
  }

  /** In order: nodes and display take away what they made. */
  async stop(): Promise<void> {
    await Promise.all([...this.chain.running.values()].map((node) => node.end()));
    await this.far.stop();
  }

  /** As `lstp status` says it. */
  async service(): Promise<ServiceStatus> {
    return (await this.chain.tunnel('desk')).services[0] as ServiceStatus;
  }

  /** How many clients are in. */
  async clients(): Promise<number> {
    return (await this.chain.tunnel('desk')).channels.length;
  }

  async #look(): Promise<void> {
    this.environment = (await this.service()).environment ?? {};
  }
}
