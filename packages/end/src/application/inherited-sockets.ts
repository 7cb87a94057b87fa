/** Sockets that whoever started this process has opened for it: the environment of sd_listen_fds(3). */

/** The first of them, in every process. */
const FIRST_FD = 3;

/** Closing a listener closes its socket, and nobody opens it again. */
const taken = new Set<number>();

/** Descriptors of the listening sockets called `name`; each is given out once. Throws with a remedy where there is none. */
export function inheritedSockets(name: string, env: NodeJS.ProcessEnv = process.env): number[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count = '0', LISTEN_FDNAMES: names } = env;
  if (count === '0') throw fault(name, `no socket was handed over to this process; start it by a systemd socket unit, or to try it with \`systemd-socket-activate --fdname=${name} -l ADDRESS lstp up ...\``);
  if (pid !== String(process.pid)) throw fault(name, `the sockets are for process ${pid ?? 'unknown'}, and this is ${process.pid}; start lstp itself by the unit, not a shell around it`);
  const all = names === undefined ? Array.from({ length: Number(count) }, () => 'unknown') : names.split(':');
  const found = all.flatMap((one, index) => (one === name ? [FIRST_FD + index] : []));
  if (found.length === 0) throw fault(name, `no socket has that name; there are ${all.join(', ')} (FileDescriptorName= of the unit sets it)`);
  if (found.some((fd) => taken.has(fd))) throw fault(name, 'it was taken once, and is closed since; restart this node');
  for (const fd of found) taken.add(fd);
  return found;
}

function fault(name: string, message: string): Error {
  return Object.assign(new Error(`cannot listen on systemd:${name}: ${message}`), { code: 'ERR_LSTP_LISTEN' });
}
