/** Where a PAC file is: what stands behind `pac:` in an egress. */
import type { SecretText } from './chain.js';
import { FormError } from './form-error.js';
import { clip } from './name.js';
import { mask } from './secret.js';

const EXAMPLE = 'pac:http://wpad.globex/proxy.pac, or pac:/etc/proxy.pac for a file';

/** A URL of http, https or file, or an absolute path; references stay. Throws FormError. */
export function parsePacPlace(text: string): SecretText {
  const place = text.slice('pac:'.length);
  if (place === '') throw new FormError(`no place of a PAC file behind "pac:"; write ${EXAMPLE}`, 4);
  const masked = mask(place);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(masked)?.[1]?.toLowerCase();
  const isPath = masked.startsWith('/') || /^[a-z]:[\\/]/i.test(masked) || masked !== place;
  if (isPath) return place;
  if (scheme === undefined) throw new FormError(`"${clip(place)}" is no place of a PAC file; write ${EXAMPLE}`, 4);
  if (scheme !== 'http' && scheme !== 'https' && scheme !== 'file') throw new FormError(`a PAC file is not read over "${clip(scheme)}:"; write ${EXAMPLE}`, 4);
  if (!URL.canParse(place)) throw new FormError(`"${clip(place)}" is no URL; write ${EXAMPLE}`, 4);
  return place;
}

/** For people: without user, password and query, where secrets may be. */
export function formatPacPlace(place: string): string {
  return place.replace(/\/\/[^/]*@/, '//').replace(/(^[a-z]+:[^?]*)\?.*$/is, '$1?...');
}
