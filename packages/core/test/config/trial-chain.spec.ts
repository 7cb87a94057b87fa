import { expect } from 'chai';
import { checkKeysPresent, ConfigError, parseChain, trialChain, type Chain } from '../../src/index.js';
import { SAMPLE_CATALOGUE } from './sample-plugins.js';

const KEY = `ed25519:${Buffer.alloc(32, 1).toString('base64url')}`;
const OTHER_KEY = `ed25519:${Buffer.alloc(32, 2).toString('base64url')}`;

const chain = parse(`
lstp: 1
nodes:
  desk: { key: "${KEY}", egress: "socks5://fw.globex" }
  west: { listen: "0.0.0.0:7070", address: "west.example.net:7070" }
  east: { listen: ["[::]:7071", "wss://192.0.2.7/lstp", "127.0.0.2:7072"], address: "east.example.net:7071", certificate: { chain: east.pem, key: east.key }, proxyProtocol: 127.0.0.1 }
  lab: {}
tunnels:
  t: { route: desk > west > east < lab }
`);

describe('trialChain', () => {
  const trial = trialChain(chain, new Map([['lab', OTHER_KEY]]), { direct: false });

  it('replaces the pins of the nodes it has keys for', () => {
    expect(trial.nodes.get('lab')?.keys).to.deep.equal([OTHER_KEY]);
    expect(trial.nodes.get('desk')?.keys).to.deep.equal([KEY]);
  });

  it('listens on loopback and dials what it listens on', () => {
    expect(trial.nodes.get('west')?.address).to.deep.equal([{ scheme: 'tcp', host: '127.0.0.1', port: 7070 }]);
    expect(trial.nodes.get('east')?.listen).to.deep.equal([
      { scheme: 'tcp', host: '::1', port: 7071 },
      { scheme: 'wss', host: '127.0.0.1', port: 443, path: '/lstp' },
      { scheme: 'tcp', host: '127.0.0.2', port: 7072 },
    ]);
    expect(trial.nodes.get('east')?.address).to.equal(trial.nodes.get('east')?.listen);
  });

  it('leaves out what is for other names and for load balancers', () => {
    expect(chain.nodes.get('east')).to.include.keys('certificate', 'proxyProtocol');
    expect(trial.nodes.get('east')).not.to.have.any.keys('certificate', 'proxyProtocol');
  });

  it('keeps the egress as written, unless it is to be direct', () => {
    expect(trial.nodes.get('desk')?.egress).to.equal(chain.nodes.get('desk')?.egress);
    expect(trialChain(chain, new Map(), { direct: true }).nodes.get('desk')?.egress.default).to.deep.equal([{ through: [] }]);
  });

  it('leaves the chain it was given as it is', () => {
    expect(chain.nodes.get('west')?.address[0]?.host).to.equal('west.example.net');
  });

  it('names two nodes that would share a port of this machine', () => {
    const shared = parse(`
lstp: 1
nodes:
  a: {}
  b: { listen: "0.0.0.0:7070", address: "b.example:7070" }
  c: { listen: "192.0.2.1:7070" }
  d: {}
tunnels: { t: { route: a > b > c < d } }
`);
    expect(() => trialChain(shared, new Map(), { direct: true })).to.throw(ConfigError, 'chain.yaml:6:3: "b" and "c" both listen on port 7070; in a trial they share this machine: give one another port');
  });
});

describe('checkKeysPresent', () => {
  it('names every node without a key, at its place', () => {
    expect(() => checkKeysPresent(chain)).to.throw(ConfigError, /^chain\.yaml:5:3: "west" has no "key".*\nchain\.yaml:6:3: "east".*\nchain\.yaml:7:3: "lab".*$/);
  });

  it('is content where all have one', () => {
    checkKeysPresent({ ...chain, nodes: new Map([...chain.nodes].filter(([name]) => name === 'desk')) });
  });
});

function parse(text: string): Chain {
  return parseChain(text, 'chain.yaml', SAMPLE_CATALOGUE);
}
