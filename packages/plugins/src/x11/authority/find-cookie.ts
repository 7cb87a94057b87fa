/** Which record of an Xauthority file is for a display: as XauGetBestAuthByAddr(3) chooses. */
import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { FAMILY_INTERNET, FAMILY_INTERNET6, FAMILY_LOCAL, FAMILY_WILD, MAGIC_COOKIE, type XauthorityRecord } from './xauthority.js';

export interface DisplayPlace {
  /** The server's address as the connection has it; absent for a Unix socket. */
  readonly remoteAddress?: string | undefined;
  /** In decimal. */
  readonly display: string;
}

/** The cookie of the first record that fits; undefined where there is none. */
export function findCookie(records: readonly XauthorityRecord[], { remoteAddress, display }: DisplayPlace): Buffer | undefined {
  const wanted = addressOf(remoteAddress);
  const found = records.find((record) => record.name === MAGIC_COOKIE && (record.display === '' || record.display === display) && fits(record, wanted));
  return found?.data;
}

/** What a display of this machine is filed under. */
export function localAddress(): Pick<XauthorityRecord, 'family' | 'address'> {
  return { family: FAMILY_LOCAL, address: Buffer.from(hostname()) };
}

function fits({ family, address }: XauthorityRecord, wanted: Pick<XauthorityRecord, 'family' | 'address'>): boolean {
  return family === FAMILY_WILD || (family === wanted.family && address.equals(wanted.address));
}

/** Loopback is this machine, to X clients too. */
function addressOf(remote: string | undefined): Pick<XauthorityRecord, 'family' | 'address'> {
  const host = remote?.replace(/^::ffff:/, '').replace(/%.*$/, '');
  if (host === undefined || isIP(host) === 0 || host === '::1' || host.startsWith('127.')) return localAddress();
  if (isIP(host) === 4) return { family: FAMILY_INTERNET, address: Buffer.from(host.split('.').map(Number)) };
  return { family: FAMILY_INTERNET6, address: bytesOfIpv6(host) };
}

function bytesOfIpv6(host: string): Buffer {
  const [head = '', tail] = host.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...middle, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
