/** The forms in which a text could be read off a wire: itself, in hex, in base64 and base64url however it is aligned. */
export function disguises(text: string): Map<string, Buffer> {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const forms = new Map([
    ['clear', text],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
  ]);
  for (const shift of [0, 1, 2]) {
    forms.set(`base64, aligned to ${shift}`, inner(bytes, shift, 'base64'));
    forms.set(`base64url, aligned to ${shift}`, inner(bytes, shift, 'base64url'));
  }
  return new Map([...forms].map(([name, form]) => [name, Buffer.from(form)]));
}

/** The characters that stand for `bytes` alone, whatever is before and behind: of those at the edges some bits are others'. */
function inner(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): string {
  const skip = (3 - shift) % 3;
  const whole = bytes.length - skip - ((bytes.length - skip) % 3);
  return bytes.subarray(skip, skip + whole).toString(encoding);
}
