/** That no two things which must differ are alike: keys of nodes, common names of tunnels. */
import type { ChainDocument, Path } from './chain-document.js';
import type { Chain } from './chain.js';

export function checkIdentities(document: ChainDocument, chain: Chain): void {
  checkKeys(document, chain);
  checkCommonNames(document, chain);
}

function checkKeys(document: ChainDocument, { nodes }: Chain): void {
  const owners = new Map<string, string>();
  for (const { name, keys } of nodes.values()) {
    for (const [index, key] of keys.entries()) {
      const owner = owners.get(key);
      const path: Path = ['nodes', name, 'key'];
      const place = Array.isArray(document.value(path)) ? [...path, index] : path;
      if (owner === name) document.report(place, 'key: the same key is here twice; leave one out');
      else if (owner !== undefined) document.report(place, `key: "${name}" has the key of "${owner}"; every node has a key of its own, made by \`lstp keygen ${name}\``);
      owners.set(key, name);
    }
  }
}

function checkCommonNames(document: ChainDocument, { tunnels }: Chain): void {
  const owners = new Map<string, string>();
  for (const { name, common } of tunnels.values()) {
    const owner = owners.get(common);
    const path = document.has(['tunnels', name, 'common']) ? ['tunnels', name, 'common'] : ['tunnels', name];
    if (owner !== undefined) document.report(path, `common: the tunnels "${owner}" and "${name}" have one common name, "${common}"; ends could not tell them apart: give one another name`, path.length === 2 ? { part: 'key' } : {});
    else owners.set(common, name);
  }
}
