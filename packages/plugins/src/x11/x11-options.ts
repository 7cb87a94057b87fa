/** What an `x11` service says in the chain file. */
import { textForm } from '@lstp/core';
import { z } from 'zod';
import { parseDisplayName } from './back/display-name.js';
import { POLICY_OPTIONS } from './filter/index.js';

/** Its TCP port is 6000 more. */
const LAST_DISPLAY = 59_535;

export const X11_OPTIONS = z.strictObject({
  display: z.int().min(0).max(LAST_DISPLAY).optional().describe('The number N of the display `:N` that X clients find. Without it: the first free one from 10; `lstp status` shows it, and `lstp x11 run` sets it.'),
  sockets: z.array(z.enum(['unix', 'abstract', 'tcp'])).min(1).default(['unix', 'abstract']).describe('Where X clients may connect: the Unix socket `/tmp/.X11-unix/XN`, the abstract one of that name (Linux; left out where Node.js cannot name it so), and TCP port 6000 + N of loopback.'),
  xauthority: z.string().min(1).optional().describe('The file that the cookie for X clients is written to, relative to the chain file. Default: that of the user: `$XAUTHORITY`, or `~/.Xauthority`.'),
  to: textForm(parseDisplayName, { expected: 'the name of a display', example: ':0' }).describe('The X server, as X clients name its display at the far end: `:0`, `host:1`, `[v6]:1`, `unix:/path` of a socket, or `${env:DISPLAY}`.'),
  toXauthority: z.string().min(1).optional().describe('Where the X server\'s own cookie is, at the far end, relative to the chain file. Default: where X clients look: `$XAUTHORITY`, or `~/.Xauthority`.'),
  trust: z.enum(['trusted', 'untrusted']).default('trusted').describe('`untrusted`: the X server keeps the clients away from the windows, the keyboard and the clipboard of all others (its SECURITY extension; without it they are refused).'),
  shm: z.boolean().default(false).describe('Whether clients may use extensions that pass shared memory or descriptors (MIT-SHM, DRI3). For trials on one machine only: over a tunnel they cannot work.'),
  ...POLICY_OPTIONS,
});

export type X11Options = z.output<typeof X11_OPTIONS>;

/** Used at the display's end alone; `to` is so without saying. */
export const BACK_OPTIONS: readonly string[] = ['toXauthority', 'trust', 'shm', ...Object.keys(POLICY_OPTIONS)];
