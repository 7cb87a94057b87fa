/** A SOCKS server through desk > west > east < lab, four processes: desk can look up nothing, lab knows REMOTE_NAME. */
import { freePorts, type Workplace } from 'lstp/testing';
import { writeNoNames, writeRemoteNames } from './name-services.js';
import { ProcessChain } from './process-chain.js';

export interface SocksBed {
  readonly chain: ProcessChain;
  /** Of the services, in the order in which they were asked for. */
  readonly ports: readonly number[];
}

/** `services`: for each, its further keys in YAML's flow style: `at: desk, allow: ["*:443"]`. */
export async function startSocks(place: Workplace, services: readonly string[]): Promise<SocksBed> {
  const chain = await ProcessChain.make(place);
  const ports = await freePorts(services.length);
  chain.write({ services: services.map((keys, index) => `socks${index}: { plugin: socks, listen: "127.0.0.1:${ports[index]}", ${keys} }`) });
  const [noNames, remoteNames] = [writeNoNames(place.folder), writeRemoteNames(place.folder)];
  await Promise.all([chain.start('west'), chain.start('east'), chain.start('lab', { preload: remoteNames }), chain.start('desk', { preload: noNames })]);
  return { chain, ports };
}
