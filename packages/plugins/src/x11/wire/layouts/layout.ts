/** The names of what an extension (or the core) has on the wire, each at its number. */
export interface Layout {
  readonly requests: readonly (RequestLayout | undefined)[];
  /** Numbered from the extension's first event. */
  readonly events: readonly (string | undefined)[];
  /** Events of type 35, numbered by their own type. */
  readonly genericEvents: readonly (string | undefined)[];
  /** Numbered from the extension's first error. */
  readonly errors: readonly (string | undefined)[];
}

export interface RequestLayout {
  readonly name: string;
  /** Whether a server answers it, always, with a reply or an error. */
  readonly hasReply: boolean;
}

/** As tables write it: names in order, `@n` in front of one that is number n, `>` behind a request that has a reply. */
export interface LayoutText {
  readonly requests: string;
  readonly events?: string;
  readonly genericEvents?: string;
  readonly errors?: string;
}

export function layoutOf({ requests, events = '', genericEvents = '', errors = '' }: LayoutText): Layout {
  return {
    requests: numbered(requests).map((text) => (text === undefined ? undefined : { name: text.replace('>', ''), hasReply: text.endsWith('>') })),
    events: numbered(events),
    genericEvents: numbered(genericEvents),
    errors: numbered(errors),
  };
}

function numbered(text: string): readonly (string | undefined)[] {
  const names: (string | undefined)[] = [];
  let number = 0;
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    if (word.startsWith('@')) number = Number(word.slice(1));
    else {
      while (names.length < number) names.push(undefined);
      names[number] = word;
      number += 1;
    }
  }
  return names;
}
