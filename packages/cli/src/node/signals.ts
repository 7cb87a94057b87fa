export type EndSignal = 'SIGTERM' | 'SIGINT';
const END_SIGNALS: readonly EndSignal[] = ['SIGTERM', 'SIGINT'];

/** Resolves with the next signal that asks this process to end. It takes that one signal only. */
export function nextSignal(): Promise<EndSignal> {
  return new Promise((resolve) => {
    const take = (signal: EndSignal): void => {
      for (const each of END_SIGNALS) process.off(each, take);
      resolve(signal);
    };
    for (const each of END_SIGNALS) process.on(each, take);
  });
}

/** Calls `action` on every SIGHUP; gives what ends that. */
export function onHangUp(action: () => void): () => void {
  process.on('SIGHUP', action);
  return () => process.off('SIGHUP', action);
}
