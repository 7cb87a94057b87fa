import { expect } from 'chai';
import { FORWARD_OPTIONS } from '../../src/forward/forward-options.js';

function problemsOf(options: unknown): string[] {
  const { error } = FORWARD_OPTIONS.safeParse(options);
  return error?.issues.map(({ path, message, ...issue }) => [...path, ...('keys' in issue ? (issue.keys as string[]) : [])].join('.') + `: ${message}`) ?? [];
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

  it('name the option that is wrong or missing', () => {
    expect(problemsOf({ listen: '127.0.0.1:80' })[0]).to.match(/^to: /);
    expect(problemsOf({ listen: 'somewhere', to: 'a:1' })[0]).to.match(/^listen: .*somewhere/);
    expect(problemsOf({ to: 'http://a:1' })[0]).to.match(/^to: .*leave out "http:\/\/"/);
    expect(problemsOf({ to: 'a:1', lsten: 'b:1' })[0]).to.match(/^lsten: /);
  });
});
