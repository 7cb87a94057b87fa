/** The other end of a front end under test: echoes, refuses or is silent, as the check wants. */
import { PassThrough } from 'node:stream';
import {
  ChannelRefusal,
  type BackEnd, type BackEndConnection, type BackEndRequest, type ChannelCode, type Constructor, type DatagramBackEndConnection, type DatagramBackEndRequest,
} from '@lstp/core/plugin';

/** `echo`, `silent`, or the reason for a refusal. */
export type Mood = 'echo' | 'silent' | { readonly refuses: ChannelCode };

export interface Script {
  mood: Mood;
  /** What was asked for, in order. */
  readonly requests: BackEndRequest[];
  /** How many connects were given up since the channel had gone. */
  aborted: number;
}

/** A class for a definition; what its instance does is in `script`, which may change at any time. */
export function scriptedBackEnd(script: Script): Constructor<BackEnd> {
  return class implements BackEnd {
    static readonly inject = [];

    async connect(request: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
      await obey(script, request, signal);
      return { stream: new PassThrough({ allowHalfOpen: true }), bound: '127.0.0.1:9' };
    }

    async connectDatagrams(request: DatagramBackEndRequest, signal: AbortSignal): Promise<DatagramBackEndConnection> {
      await obey(script, request, signal);
      return { send: (datagram) => request.send(datagram), close: () => {} };
    }
  };
}

async function obey(script: Script, request: BackEndRequest, signal: AbortSignal): Promise<void> {
  script.requests.push(request);
  if (typeof script.mood === 'object') throw new ChannelRefusal(script.mood.refuses, 'the conformance suite refuses this one');
  if (script.mood === 'silent') await aborted(signal);
  if (signal.aborted) script.aborted += 1;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}
