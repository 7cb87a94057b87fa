/**
 * Private keys on disk: DIR/NODE.key, Ed25519, PKCS #8 in PEM, readable by their owner alone.
 * A key file is written once and never overwritten: the key is the node.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, fsyncSync, mkdirSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeyError } from './key-error.js';

/** PKCS #8 of an Ed25519 key is 119 bytes in PEM; what is much longer is something else. */
const MAX_KEY_FILE_BYTES = 4096;
const OTHERS = 0o077;

/** Where `node`'s key lies in `directory`. */
export function keyFilePath(directory: string, node: string): string {
  return join(directory, `${node}.key`);
}

/**
 * Makes a key and writes it to a new file at `path` (0600), with the directories that lead there (0700).
 * Throws KeyError when there is a file already, whatever it contains.
 */
export function createKeyFile(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ed25519');
  const fd = openNew(path);
  try {
    writeSync(fd, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    fsyncSync(fd);
  } catch (error) {
    rmSync(path, { force: true });
    throw new KeyError('ERR_LSTP_KEY_FILE', `${path}: cannot be written: ${(error as Error).message}`, { cause: error });
  } finally {
    closeSync(fd);
  }
  return privateKey;
}

/** The private key in the file at `path`. Throws KeyError when there is none, others can read it, or it holds something else. */
export function readKeyFile(path: string): KeyObject {
  const fd = openExisting(path);
  try {
    // The open file is asked, not the path: what is checked is what is read.
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new KeyError('ERR_LSTP_KEY_FILE', `${path}: not a file; a key file was expected`);
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) throw exposed(path, stat.mode);
    const content = Buffer.alloc(MAX_KEY_FILE_BYTES);
    return parseKey(path, content.subarray(0, readSync(fd, content, 0, MAX_KEY_FILE_BYTES, 0)));
  } finally {
    closeSync(fd);
  }
}

function openNew(path: string): number {
  try {
    makeFolder(dirname(path));
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && existsSync(path)) throw new KeyError('ERR_LSTP_KEY_EXISTS', `${path}: exists already and is not overwritten; to make a new key, move it away first`);
    throw new KeyError('ERR_LSTP_KEY_FILE', `${path}: cannot be made: ${message}`, { cause: error });
  }
}

/** Not mkdirSync() with `recursive`: it never returns where the system says ENOENT of a folder whose parent is there, as below /proc. */
function makeFolder(path: string): void {
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function openExisting(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new KeyError('ERR_LSTP_KEY_MISSING', `${path}: no such key file; make one with \`${keygenCommand(path)}\``);
    throw new KeyError('ERR_LSTP_KEY_FILE', `${path}: cannot be read: ${message}`, { cause: error });
  }
}

function parseKey(path: string, content: Buffer): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(content);
  } catch {
    // Not the cause's message: it may quote the content.
    throw wrongContent(path, 'no private key in PEM');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw wrongContent(path, `a key of type ${key.asymmetricKeyType}`);
  return key;
}

function wrongContent(path: string, found: string): KeyError {
  return new KeyError('ERR_LSTP_KEY_CONTENT', `${path}: ${found}, but an Ed25519 key was expected, as \`${keygenCommand(path)}\` makes`);
}

function exposed(path: string, mode: number): KeyError {
  const found = (mode & 0o777).toString(8).padStart(3, '0');
  return new KeyError('ERR_LSTP_KEY_EXPOSED', `${path}: others can read or change this private key (mode ${found}); run \`chmod 600 ${quoted(path)}\``);
}

function keygenCommand(path: string): string {
  const node = path.endsWith('.key') ? path.slice(dirname(path).length + 1, -'.key'.length) : 'NODE';
  return `lstp keygen ${node} --keys ${quoted(dirname(path))}`;
}

/** `path` as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
