/** What is wrong with an Xauthority file, for people. */

const CAUSES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder does not exist',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EISDIR: 'it is a folder',
};

/** `ERR_LSTP_XAUTHORITY`, with the file, the cause and the remedy. */
export function authorityError(path: string, cause: NodeJS.ErrnoException | string): Error {
  const why = typeof cause === 'string' ? cause : (CAUSES[cause.code ?? ''] ?? cause.message);
  const message = `cannot write the Xauthority file ${path}: ${why}; put that right, or name another file with "xauthority:"`;
  return Object.assign(new Error(message, typeof cause === 'string' ? {} : { cause }), { code: 'ERR_LSTP_XAUTHORITY' });
}
