/** One application connection through the tunnel: who opened it, who answers, and how it may end. */
import type { ChannelCode } from '../../src/protocol/error.js';
import { check } from './failure.js';
import type { ConversationPlan } from './scenario.js';
import type { Speaker } from './speaker.js';

export class Conversation {
  opener: Speaker | undefined;
  acting: Speaker | undefined;
  /** Codes with which it may end beside `done`: somebody did something that explains them. */
  readonly excused = new Set<ChannelCode>();

  constructor(
    readonly name: string,
    readonly number: number,
    readonly plan: ConversationPlan,
    fewChannels: boolean,
  ) {
    if (plan.answer.refuse !== 'never') this.excused.add('denied');
    if (plan.opener.resetAfterMs !== undefined || plan.answer.plan.resetAfterMs !== undefined) this.excused.add('reset');
    if (plan.carrier === 'own') this.excused.add('no-carrier');
    if (fewChannels) this.excused.add('limit');
  }

  get speakers(): Speaker[] {
    return [this.opener, this.acting].filter((speaker) => speaker !== undefined);
  }

  get over(): boolean {
    return this.speakers.every(({ over }) => over);
  }

  /** After everything has come to its end: nothing lost, or both sides know why. */
  checkEnd(): void {
    const { opener, acting } = this;
    if (opener === undefined) return;
    for (const { name, closed } of this.speakers) check(closed === undefined || closed === 'done' || this.excused.has(closed), () => `${name}: closed with ${closed}, and nothing explains it`);
    if (this.plan.kind !== 'stream') return;
    if (opener.closed !== 'done' && acting?.closed !== 'done') return;
    if (acting === undefined || opener.dead || acting.dead) return;
    check(opener.closed === acting.closed || this.excused.size > 0, () => `${opener.name}: ended ${opener.closed}, its peer ${acting.closed}`);
    for (const [to, from] of [
      [opener, acting],
      [acting, opener],
    ] as const) {
      if (to.closed !== 'done') continue;
      check(to.received === from.written, () => `${to.name}: got ${to.received} of ${from.written} bytes`);
      check(to.ended && from.finished, () => `${to.name}: done without an end`);
    }
  }
}
