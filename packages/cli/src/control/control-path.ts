/**
 * Where a node's control socket lies: `<runtime directory>/lstp/<node, cut to 20>-<8 hex of its key>.sock`.
 * Whoever can connect to it controls the node, so the directory belongs to its user alone.
 */
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawKey, type PublicKey } from '@lstp/core/protocol';

const CUT = 20;
/** Bytes of sun_path on Linux and the others, with the terminating zero (unix(7); 104 on macOS). */
const MAX_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107;

/** $XDG_RUNTIME_DIR, else /run for root, else a directory of this user's own in the temporary one; and `lstp` in it. */
export function controlDirectory(): string {
  return join(runtimeDirectory(), 'lstp');
}

function runtimeDirectory(): string {
  const given = process.env['XDG_RUNTIME_DIR'];
  if (given !== undefined && given !== '') return given;
  const uid = process.getuid?.();
  return uid === 0 ? '/run' : join(tmpdir(), `lstp-${uid ?? 'user'}`);
}

/** The control socket of `node` with this key; a named pipe on Windows. Throws where the path is too long for a socket. */
export function controlPath(node: string, key: PublicKey): string {
  const name = `${node.slice(0, CUT)}-${rawKey(key).toString('hex', 0, 4)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\lstp-${name}`;
  const path = join(controlDirectory(), `${name}.sock`);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  throw Object.assign(new Error(`${path}: too long for a socket (${MAX_SOCKET_PATH} bytes); set XDG_RUNTIME_DIR to a shorter directory`), { code: 'ERR_LSTP_CONTROL_PATH' });
}

/** Control sockets that may be of a node of this name, or of any node; some may be dead. */
export function controlPathsOf(node: string | undefined): string[] {
  const [directory, prefix, suffix] = process.platform === 'win32' ? ['\\\\.\\pipe\\', 'lstp-', ''] : [controlDirectory(), '', '.sock'];
  const wanted = node === undefined ? undefined : `${prefix}${node.slice(0, CUT)}`;
  return entries(directory)
    .filter((entry) => entry.startsWith(prefix) && entry.endsWith(suffix))
    .filter((entry) => wanted === undefined || entry.slice(0, -'-00000000'.length - suffix.length) === wanted)
    .sort()
    .map((entry) => (process.platform === 'win32' ? `${directory}${entry}` : join(directory, entry)));
}

/** Makes the directory of control sockets, or checks that it is ours alone: another user could have made it first. */
export function prepareControlDirectory(): void {
  if (process.platform === 'win32') return;
  const directory = controlDirectory();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = lstatSync(directory);
  if (stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0) return;
  throw Object.assign(new Error(`${directory}: must be a directory of yours that no one else can enter; run \`chmod 700 ${directory}\`, or set XDG_RUNTIME_DIR to another`), {
    code: 'ERR_LSTP_CONTROL_DIRECTORY',
  });
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
