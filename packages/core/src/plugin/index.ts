/**
 * What a plugin imports, as `lstp/plugin`: the contract, the forms of addresses as options, the beginning of protocols
 * that speak first. Not the host's side of it. How to write a plugin: docs/plugins.md.
 */
import 'reflect-metadata';

export { formatHostPort } from '../config/host-port.js';
export { formatServiceAddress, parseServiceAddress, serviceAddressSchema, serviceListenSchema, type ServiceAddressOption } from '../config/service-address.js';
export { parseTarget } from '../config/allow.js';
export type { ServiceAddress } from '../config/chain.js';
export type { ChannelCode, PublicKey } from '../protocol/index.js';
export * from './contract.js';
export * from './handshake.js';
export type { Logger } from 'pino';
/** The decorators, of the very copy that the host resolves with. */
export { inject, injectable } from 'tsyringe';
/** For options: of the version that this lstp checks them with. */
export { z } from 'zod';
