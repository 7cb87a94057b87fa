/** A log that tests read. */
export interface LogLine {
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

export class RecordingLog {
  readonly lines: LogLine[] = [];
  #onLine: (() => void) | undefined;

  info = (fields: object, message = ''): void => this.#note(fields, message);
  warn = (fields: object, message = ''): void => this.#note(fields, message);
  debug = (fields: object, message = ''): void => this.#note(fields, message);

  /** Resolves with the first line that has these words, now or later. */
  async line(words: string): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find(({ message }) => message.includes(words));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
  }

  #note(fields: object, message: string): void {
    this.lines.push({ fields: fields as Record<string, unknown>, message });
    this.#onLine?.();
  }
}
