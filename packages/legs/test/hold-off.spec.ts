import { expect } from 'chai';
import { HoldOff } from '../src/hold-off.js';

const REFUSED = new Error('wrong password');

describe('hold-off', () => {
  let now = 0;
  let attempts = 0;
  let holdOff: HoldOff;
  const signal = new AbortController().signal;
  const isRefusal = (error: unknown): boolean => error === REFUSED;
  beforeEach(() => {
    now = 0;
    attempts = 0;
    holdOff = new HoldOff(() => now);
  });

  const attempt = (outcome: 'right' | Error) => (): Promise<string> => {
    attempts += 1;
    return outcome === 'right' ? Promise.resolve('in') : Promise.reject(outcome);
  };
  const run = (outcome: 'right' | Error): Promise<unknown> => holdOff.run({ account: 'ann', signal }, attempt(outcome), isRefusal).catch((error: unknown) => error);

  /** How long it takes until the next one is let through, which is refused again. */
  async function waitForAttempt(): Promise<number> {
    const [from, before] = [now, attempts];
    const isHeldOff = (): boolean => attempts === before;
    while (isHeldOff()) {
      now += 1000;
      await run(REFUSED);
    }
    return now - from;
  }

  it('holds off for 5 s after a refusal, then twice as long each time, to 5 min', async () => {
    const waits: number[] = [];
    await run(REFUSED);
    for (let round = 0; round < 9; round += 1) waits.push(await waitForAttempt());
    expect(waits.slice(0, 3)).to.deep.equal([5000, 10_000, 20_000]);
    expect(Math.max(...waits)).to.equal(300_000);
  });

  it('lets all through once the account was good', async () => {
    expect(await run('right')).to.equal('in');
    let most = 0;
    let inside = 0;
    const slow = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => holdOff.run({ account: 'ann', signal }, slow, isRefusal)));
    expect(most).to.equal(3);
  });

  it('sends the first alone; the others know its outcome', async () => {
    let finish: (error: Error) => void = () => {};
    const first = holdOff.run({ account: 'ann', signal }, () => new Promise((_resolve, reject) => (finish = reject)), isRefusal).catch((error: unknown) => error);
    const others = [run('right'), run('right')];
    await new Promise(setImmediate);
    expect(attempts).to.equal(0);
    finish(REFUSED);
    expect(await first).to.equal(REFUSED);
    expect(await Promise.all(others)).to.deep.equal([REFUSED, REFUSED]);
    expect(attempts).to.equal(0);
  });

  it('holds nobody off for an error of another kind', async () => {
    const error = new Error('the proxy is away');
    expect(await run(error)).to.equal(error);
    expect(await run('right')).to.equal('in');
  });

  it('ends the wait of one that is called off', async () => {
    const calledOff = new AbortController();
    let finish: () => void = () => {};
    const first = holdOff.run({ account: 'ann', signal }, () => new Promise<void>((resolve) => (finish = resolve)), isRefusal);
    const waiting = holdOff.run({ account: 'ann', signal: calledOff.signal }, () => Promise.reject(new Error('called off')), isRefusal).catch((error: Error) => error.message);
    calledOff.abort();
    expect(await waiting).to.equal('called off');
    finish();
    await first;
  });
});
