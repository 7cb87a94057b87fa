/** An address or a network, as `proxyProtocol` of a node lists them. */
import { FormError } from './form-error.js';
import { addressBits, parseIp, type IpNetwork } from './ip-address.js';
import { clip } from './name.js';

/** `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`, brackets or not. Throws FormError. */
export function parseNetwork(text: string): IpNetwork {
  const [host = '', bits, ...more] = text.split('/');
  const address = parseIp(host.replace(/^\[(.*)\]$/, '$1'));
  if (address === undefined || more.length > 0) throw new FormError(`"${clip(text)}" is no address or network; write 10.1.0.5 or 10.1.0.0/16`);
  const most = addressBits(address.family);
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (prefix < 0 || prefix > most) throw new FormError(`"/${clip(bits ?? '')}" is no prefix of an IPv${address.family} network; write a number from 0 to ${most}`, host.length);
  return { ...address, prefix };
}
