/** What holds after every step (design: protocol.md, "Invariants"), and when everything has come to its end. */
import type { Channel } from '../../src/protocol/channel.js';
import { CONTROL_SLACK } from '../../src/protocol/limits.js';
import type { Endpoint } from './endpoint.js';
import { check } from './failure.js';

export function checkInvariants([left, right]: readonly [Endpoint, Endpoint]): void {
  for (const end of [left, right]) checkOwn(end);
  if (!areAssociated(left, right)) return;
  const peers = new Map<number, Channel>();
  for (const channel of right.tunnel.channels) peers.set(channel.id, channel);
  for (const channel of left.tunnel.channels) {
    const peer = peers.get(channel.id);
    peers.delete(channel.id);
    if (peer === undefined) checkAlone(channel, left);
    else checkPair(channel, peer);
  }
  for (const channel of peers.values()) checkAlone(channel, right);
}

/** Once all applications are through and a carrier lives: nothing is left of them. */
export function checkNothingLeft(end: Endpoint, now: number): void {
  const { tunnel, pool, side } = end;
  check([...tunnel.channels].length === 0, () => `${side}: channels are left: ${[...tunnel.channels].map(({ id, state }) => `${id} ${state}`).join(', ')}`);
  check(tunnel.retained === 0, () => `${side}: ${tunnel.retained} units are retained for nobody`);
  check(pool.lent === 0, () => `${side}: ${pool.lent} bytes of the pool are lent to nobody`);
  check(end.waitsOnlyToPing, () => `${side}: a deadline in ${tunnel.deadline - now} ms that is no ping`);
}

function checkOwn({ tunnel, side, pool }: Endpoint): void {
  let retained = 0;
  for (const channel of tunnel.channels) {
    const { out, in: incoming, id } = channel;
    retained += out.retained;
    check(incoming.taken <= incoming.received, () => `${side}/${id}: took ${incoming.taken} of ${incoming.received}`);
    check(out.acknowledged <= out.sent && out.sent <= out.end, () => `${side}/${id}: acknowledged ${out.acknowledged}, sent ${out.sent}, end ${out.end}`);
    check(out.sent <= Math.max(out.limit, 0) + CONTROL_SLACK, () => `${side}/${id}: sent ${out.sent} beyond the limit ${out.limit}`);
    check(out.retained === out.end - out.acknowledged, () => `${side}/${id}: retains ${out.retained} of ${out.end} - ${out.acknowledged}`);
    check(incoming.limit >= incoming.taken, () => `${side}/${id}: limit ${incoming.limit} behind what was taken, ${incoming.taken}`);
    // One more than the window: what lifts a pause must be larger than the limit that it froze.
    check(incoming.limit <= incoming.taken + incoming.window + 1, () => `${side}/${id}: granted ${incoming.limit}, but took ${incoming.taken} and has room for ${incoming.window}`);
    if (channel.state === 'freeing') check(out.retained === 0, () => `${side}/${id}: retains ${out.retained} while it is freed`);
  }
  check(tunnel.retained === retained, () => `${side}: the ledger says ${tunnel.retained}, channels retain ${retained}`);
  check(pool.lent >= 0 && pool.lent <= pool.size, () => `${side}: lent ${pool.lent} of ${pool.size}`);
}

/** Whether both ends are in one association; in between one may know of its end before the other. */
function areAssociated(left: Endpoint, right: Endpoint): boolean {
  return left.tunnel.peer?.instance === right.tunnel.instance && right.tunnel.peer?.instance === left.tunnel.instance;
}

function checkPair(a: Channel, b: Channel): void {
  checkDirection(a, b);
  checkDirection(b, a);
}

function checkDirection(from: Channel, to: Channel): void {
  if (from.state === 'freeing' || to.state === 'freeing') return;
  const { id } = from;
  check(to.in.received <= from.out.sent, () => `channel ${id}: received ${to.in.received} of ${from.out.sent} sent`);
  check(from.out.acknowledged <= to.in.received, () => `channel ${id}: acknowledged ${from.out.acknowledged} of ${to.in.received} received`);
  check(from.out.limit <= to.in.limit, () => `channel ${id}: the sender goes to ${from.out.limit}, granted is ${to.in.limit}`);
}

/** Held by one end only: its request has not arrived, or its release is under way. */
function checkAlone(channel: Channel, { side }: Endpoint): void {
  if (channel.state === 'freeing') return;
  check(channel.opener, () => `${side}/${channel.id}: ${channel.state}, but its opener does not hold it`);
  check(channel.out.acknowledged === 0 && channel.in.received === 0, () => `${side}/${channel.id}: ${channel.state}, and the other end has let go of it`);
}
