/** A certificate authority of the test's own: a root, one between, and certificates of names, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Issued {
  /** The certificate and the one between it and the root (PEM). */
  readonly chain: string;
  readonly key: string;
  /** All of it in one file, as HAProxy wants it. */
  readonly pem: string;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export class Authority {
  /** The root's certificate. */
  readonly root: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.root = this.#at('root.pem');
    this.#openssl('req', '-x509', ...CURVE, '-days', '30', '-subj', '/CN=Root of a test', '-keyout', this.#at('root.key'), '-out', this.root);
    this.#issue('between', { subject: 'Between', extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign', by: 'root' });
  }

  /** A certificate for names or addresses: `DNS:localhost`, `IP:127.0.0.1`. A negative `days` is one that has expired. */
  issue(name: string, { days = 30 }: { readonly days?: number } = {}): Issued {
    const file = name.replaceAll(/[^a-z0-9]/gi, '-') + (days < 0 ? '-expired' : '');
    this.#issue(file, { subject: name.replace(/^\w+:/, ''), extensions: `subjectAltName=${name}`, by: 'between', days });
    const chain = this.#at(`${file}-chain.pem`);
    writeFileSync(chain, readFileSync(this.#at(`${file}.pem`), 'latin1') + readFileSync(this.#at('between.pem'), 'latin1'));
    const pem = this.#at(`${file}-all.pem`);
    writeFileSync(pem, readFileSync(chain, 'latin1') + readFileSync(this.#at(`${file}.key`), 'latin1'));
    return { chain, key: this.#at(`${file}.key`), pem };
  }

  #issue(file: string, { subject, extensions, by, days = 30 }: { readonly subject: string; readonly extensions: string; readonly by: string; readonly days?: number }): void {
    writeFileSync(this.#at(`${file}.ext`), `${extensions}\n`);
    this.#openssl('req', ...CURVE, '-subj', `/CN=${subject}`, '-keyout', this.#at(`${file}.key`), '-out', this.#at(`${file}.csr`));
    this.#openssl('x509', '-req', '-in', this.#at(`${file}.csr`), '-CA', this.#at(`${by}.pem`), '-CAkey', this.#at(`${by}.key`), '-CAcreateserial', '-days', String(days), '-extfile', this.#at(`${file}.ext`), '-out', this.#at(`${file}.pem`));
  }

  #at(file: string): string {
    return join(this.#folder, file);
  }

  #openssl(...words: readonly string[]): void {
    execFileSync('openssl', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}
