/** Throwaway self-signed Ed25519 certificates, made with openssl: the kind of key that lstp has too. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needProgramOf } from '../process/debian-packages.js';

export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Writes both files, PEM, into `folder`. */
export async function makeCertificate(folder: string, name: string): Promise<Certificate> {
  const [certificateFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key.pem`)];
  const args = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '1', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certificateFile];
  await promisify(execFile)(needProgramOf('openssl'), args);
  return { certificateFile, keyFile };
}
