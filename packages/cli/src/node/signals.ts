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

let isHangUpDue = false;
const keepHangUp = (): void => {
  isHangUpDue = true;
};

/** From now on SIGHUP does not end this process; what comes before onHangUp() waits for that. */
export function keepHangUps(): void {
  process.on('SIGHUP', keepHangUp);
}

/** Calls `action` on every SIGHUP, and now where one was kept; gives what ends that. */
export function onHangUp(action: () => void): () => void {
  process.on('SIGHUP', action);
  process.off('SIGHUP', keepHangUp);
  if (isHangUpDue) action();
  isHangUpDue = false;
  return () => process.off('SIGHUP', action);
}
