import { expect } from 'chai';
import { FORWARD_OPTIONS, portCount } from '../../src/forward/forward-options.js';

function problemsOf(options: unknown): string[] {
  const { error } = FORWARD_OPTIONS.safeParse(options);
  // Of a union, the branch that takes a text.
  const issues = error?.issues.flatMap((issue) => (issue.code === 'invalid_union' ? (issue.errors[0] ?? []).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) : [issue]));
  return issues?.map(({ path, message, ...issue }) => [...path, ...('keys' in issue ? (issue.keys as string[]) : [])].join('.') + `: ${message}`) ?? [];
}

describe('plugins/forward, options', () => {
  it('are addresses in any combination of TCP and Unix sockets', () => {
    const [tcp, v6, unix] = [{ kind: 'tcp', host: '127.0.0.1', port: 80 }, { kind: 'tcp', host: '::1', port: 80 }, { kind: 'unix', path: '/run/a.sock' }];
    expect(FORWARD_OPTIONS.parse({ listen: '127.0.0.1:80', to: 'unix:/run/a.sock' })).to.deep.equal({ listen: tcp, to: unix });
    expect(FORWARD_OPTIONS.parse({ listen: 'unix:/run/a.sock', to: '[::1]:80' })).to.deep.equal({ listen: unix, to: v6 });
  });

  it('may leave out where to listen, and take any free port there but not of the server', () => {
    expect(FORWARD_OPTIONS.parse({ to: 'build.acme:22' })).to.deep.equal({ to: { kind: 'tcp', host: 'build.acme', port: 22 } });
    expect(FORWARD_OPTIONS.parse({ listen: '127.0.0.1:0', to: 'a:1' })).to.have.nested.property('listen.port', 0);
    expect(problemsOf({ to: 'a:0' })).to.have.length(1);
  });

  it('have spans of ports, a socket of systemd, servers in order', () => {
    const span = { kind: 'ports', text: '127.0.0.1:8000-8002', host: '127.0.0.1', from: 8000, to: 8002 };
    expect(FORWARD_OPTIONS.parse({ listen: '127.0.0.1:8000-8002', to: ['a:1-3', 'b:9-11'] })).to.deep.equal({
      listen: span,
      to: [{ kind: 'ports', text: 'a:1-3', host: 'a', from: 1, to: 3 }, { kind: 'ports', text: 'b:9-11', host: 'b', from: 9, to: 11 }],
    });
    expect(FORWARD_OPTIONS.parse({ listen: 'systemd:web', to: ['unix:/run/a.sock', 'b:1'], proxyProtocol: 'v2' })).to.deep.include({ listen: { kind: 'inherited', name: 'web' }, proxyProtocol: 'v2' });
  });

  it('count the ports of a service', () => {
    for (const [options, count] of [[{ to: 'a:1' }, 1], [{ listen: '127.0.0.1:8000-8010', to: 'a:1-11' }, 11], [{ to: 'a:1-3' }, 3]] as const) expect(portCount(FORWARD_OPTIONS.parse(options))).to.equal(count);
    expect(portCount({ listen: '127.0.0.1:8000-8010', to: '${env:TO}' })).to.equal(1);
  });

  it('name the option that is wrong or missing', () => {
    expect(problemsOf({ listen: '127.0.0.1:80' })[0]).to.match(/^to: /);
    expect(problemsOf({ listen: 'somewhere', to: 'a:1' })[0]).to.match(/^listen: .*somewhere/);
    expect(problemsOf({ to: 'http://a:1' })[0]).to.match(/^to: .*leave out "http:\/\/"/);
    expect(problemsOf({ to: 'a:1', lsten: 'b:1' })[0]).to.match(/^lsten: /);
  });
});
