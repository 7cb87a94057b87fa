/** Secrets out of what people and machines read: logs, error messages, status. */

/** `user:password@` of any URL, wherever it stands in a text. Raw `@` in a password is taken along. */
const USERINFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/"'\\<>]*@/gi;

/** `text` with the userinfo of every URL in it replaced: `socks5://***@fw:1080`. */
export function redactUrls(text: string): string {
  return text.replace(USERINFO, '$1***@');
}

/** Names of fields that are never logged, at the top of a line's object and one level below. */
export const SECRET_FIELDS = ['password', 'passphrase', 'secret', 'token', 'cookie', 'authorization', 'proxy-authorization', 'privateKey', 'certificate'];
