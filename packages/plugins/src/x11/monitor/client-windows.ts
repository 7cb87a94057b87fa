/** The windows of one client, as its own requests tell: which there are, which are mapped, what they are called. */
import type { X11ClientReport, X11WindowsReport } from './x11-report.js';

/** More of one client are counted and not followed: what becomes of those is not known then. */
export const MOST_WINDOWS = 4096;
const MOST_TITLED = 16;

interface Window {
  readonly parent: number;
  readonly children: Set<number>;
  isMapped: boolean;
  title?: string;
}

export class ClientWindows {
  readonly #windows = new Map<number, Window>();
  #unfollowed = 0;
  #instance: string | undefined;
  #class: string | undefined;
  #host: string | undefined;

  create(id: number, parent: number): void {
    if (this.#windows.size >= MOST_WINDOWS) {
      this.#unfollowed += 1;
      return;
    }
    this.#forget(id);
    this.#windows.set(id, { parent, children: new Set(), isMapped: false });
    this.#windows.get(parent)?.children.add(id);
  }

  /** And all that are in it. */
  destroy(id: number): void {
    this.#forget(id);
  }

  destroyChildren(id: number): void {
    for (const child of this.#windows.get(id)?.children ?? []) this.#forget(child);
  }

  map(id: number): void {
    const window = this.#windows.get(id);
    if (window !== undefined) window.isMapped = true;
  }

  unmap(id: number): void {
    const window = this.#windows.get(id);
    if (window !== undefined) window.isMapped = false;
  }

  mapChildren(id: number): void {
    for (const child of this.#windows.get(id)?.children ?? []) this.map(child);
  }

  unmapChildren(id: number): void {
    for (const child of this.#windows.get(id)?.children ?? []) this.unmap(child);
  }

  title(id: number, title: string): void {
    const window = this.#windows.get(id);
    if (window !== undefined) window.title = title;
  }

  /** WM_CLASS of any of its windows: the first one's is the application's. */
  named(instance: string, className: string): void {
    this.#instance ??= instance;
    this.#class ??= className;
  }

  host(name: string): void {
    this.#host ??= name;
  }

  client(): X11ClientReport {
    const titled = [...this.#windows.values()].filter((window) => window.title !== undefined);
    // Toolkits have windows of their own that are never mapped, with titles too.
    const title = (titled.find(({ isMapped }) => isMapped) ?? titled[0])?.title;
    return Object.fromEntries(Object.entries({ title, instance: this.#instance, class: this.#class, host: this.#host }).filter(([, value]) => value !== undefined));
  }

  report(): X11WindowsReport {
    const all = [...this.#windows];
    const titled = all.flatMap(([id, { title }]) => (title === undefined ? [] : [{ id: `0x${id.toString(16)}`, title }]));
    return { open: all.length + this.#unfollowed, mapped: all.filter(([, { isMapped }]) => isMapped).length, titled: titled.slice(0, MOST_TITLED) };
  }

  /** Deep trees are taken down one window at a time: a client may nest them as deep as it likes. */
  #forget(first: number): void {
    this.#windows.get(this.#windows.get(first)?.parent ?? 0)?.children.delete(first);
    const left = [first];
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      for (const child of this.#windows.get(id)?.children ?? []) left.push(child);
      this.#windows.delete(id);
    }
  }
}
