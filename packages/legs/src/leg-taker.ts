/** Takes legs of other schemes than tcp, by the plugins that are there. */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import type { LegAcceptor, LegAcceptRequest, LegAddress } from '@lstp/core';
import type { LegRoles } from './leg-roles.js';

export interface LegTakerOptions {
  readonly roles: LegRoles;
  /** Paths of a certificate and its key; read for each leg, so that a renewed one counts at once. */
  readonly certificate?: { readonly chain: string; readonly key: string };
}

export class LegTaker implements LegAcceptor {
  readonly #options: LegTakerOptions;

  constructor(options: LegTakerOptions) {
    this.#options = options;
  }

  takes(scheme: LegAddress['scheme']): boolean {
    return this.#options.roles.listener(scheme) !== undefined;
  }

  async prepare({ scheme }: LegAddress): Promise<void> {
    const { certificate } = await this.#certificate(scheme);
    if (certificate === undefined) return;
    try {
      createSecureContext(certificate);
    } catch (error) {
      throw new Error(`the certificate ${this.#options.certificate?.chain} and the key ${this.#options.certificate?.key} do not make a pair of TLS: ${(error as Error).message}`, { cause: error });
    }
  }

  async accept(socket: Socket, address: LegAddress, signal: AbortSignal): Promise<Duplex> {
    const role = this.#options.roles.listener(address.scheme);
    if (role === undefined) throw new Error(`no plugin takes legs over ${address.scheme}`);
    return role.accept(socket, { address, signal, ...(await this.#certificate(address.scheme)) });
  }

  async #certificate(scheme: LegAddress['scheme']): Promise<Pick<LegAcceptRequest, 'certificate'>> {
    const { certificate } = this.#options;
    if (certificate === undefined || (scheme !== 'tls' && scheme !== 'wss')) return {};
    const [cert, key] = await Promise.all([readFile(certificate.chain, 'latin1'), readFile(certificate.key, 'latin1')]);
    return { certificate: { cert, key } };
  }
}
