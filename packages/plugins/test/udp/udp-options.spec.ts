import { expect } from 'chai';
import { UDP_OPTIONS } from '../../src/udp/udp-options.js';

const GOOD = { listen: '127.0.0.1:5353', to: '10.1.0.1:53' };

function fault(options: object): string {
  const { error } = UDP_OPTIONS.safeParse({ ...GOOD, ...options });
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') ?? 'none';
}

describe('udp options', () => {
  it('have an idle time and a number of flows unless written', () => {
    expect(UDP_OPTIONS.parse(GOOD)).to.deep.equal({
      listen: { kind: 'tcp', host: '127.0.0.1', port: 5353 },
      to: { kind: 'tcp', host: '10.1.0.1', port: 53 },
      idle: 60_000,
      flows: 1024,
    });
    expect(UDP_OPTIONS.parse({ ...GOOD, idle: '5m', flows: 7 })).to.include({ idle: 300_000, flows: 7 });
  });

  it('take no Unix sockets', () => {
    expect(fault({ listen: 'unix:/run/dns.sock' })).to.equal('listen: udp has no Unix sockets; write host:port');
    expect(fault({ to: 'unix:/run/dns.sock' })).to.equal('to: udp has no Unix sockets; write host:port');
  });

  it('take an idle time from a second to a day', () => {
    expect(fault({ idle: '1s' })).to.equal('none');
    expect(fault({ idle: '999ms' })).to.match(/^idle: "999ms" is too short/);
    expect(fault({ idle: '25h' })).to.match(/^idle: .*24h/);
  });

  it('take 1 to 16 384 flows', () => {
    for (const flows of [1, 16_384]) expect(fault({ flows })).to.equal('none');
    for (const flows of [0, 16_385, 1.5]) expect(fault({ flows })).to.match(/^flows: /);
  });
});
