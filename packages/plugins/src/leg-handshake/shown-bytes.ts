/** The begin of what came back, for messages: text where it is text, so that a server of another kind says who it is. */
export function shownBytes(bytes: Buffer): string {
  if (bytes.length === 0) return 'nothing';
  const text = bytes.subarray(0, 40).toString('latin1');
  return /^[\x20-\x7e\r\n\t]+$/.test(text) ? JSON.stringify(text) : bytes.subarray(0, 20).toString('hex');
}

/** Words of the other side, for messages, at most 60 characters of them: nothing in them moves a terminal. */
export function shownText(text: string): string {
  return text.slice(0, 60).replaceAll(/\p{C}/gu, ' ').trim();
}
