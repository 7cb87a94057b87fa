/** A display at desk, through desk > west > east < lab as four processes, of an Xvfb that is as on another machine. */
import { join } from 'node:path';
import type { Running, Workplace } from 'lstp/testing';
import { ProcessChain } from './process-chain.js';
import { XDisplay, type XDisplayOptions } from './x-display.js';

export interface X11BedOptions extends XDisplayOptions {
  /** Further keys of the service, in YAML's flow style: `trust: untrusted`. */
  readonly keys?: string;
}

export class X11Bed {
  static async start(place: Workplace, { keys = '', ...options }: X11BedOptions = {}): Promise<X11Bed> {
    const far = await XDisplay.start(place, { isElsewhere: true, ...options });
    const chain = await ProcessChain.make(place);
    const bed = new X11Bed(place, { chain, far });
    bed.write(keys);
    await Promise.all((['west', 'east', 'lab', 'desk'] as const).map((node) => chain.start(node)));
    return bed;
  }

  readonly chain: ProcessChain;
  readonly far: XDisplay;

  private constructor(
    private readonly place: Workplace,
    { chain, far }: { readonly chain: ProcessChain; readonly far: XDisplay },
  ) {
    this.chain = chain;
    this.far = far;
  }

  /** Of desk: what the service writes, and clients read. */
  get authority(): string {
    return join(this.place.folder, 'desk.Xauthority');
  }

  write(keys = ''): void {
    const more = keys === '' ? '' : `, ${keys}`;
    this.chain.write({ services: [`x: { plugin: x11, at: desk, to: "${this.far.name}", xauthority: desk.Xauthority, toXauthority: "${this.far.authority}"${more} }`] });
  }

  /** `lstp x11 run`, with the program behind it. */
  run(program: string, ...args: readonly string[]): Running {
    return this.place.start(['x11', 'run', 'chain.yaml', '--as', 'desk', '--', program, ...args]);
  }

  /** As `lstp status` says it. */
  async environment(): Promise<Readonly<Record<string, string>>> {
    const { services } = await this.chain.tunnel('desk');
    return services[0]?.environment ?? {};
  }
}
