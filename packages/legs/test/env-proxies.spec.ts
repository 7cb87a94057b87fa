import { expect } from 'chai';
import { formatEgressPath } from '@lstp/core/config';
import { pathOfEnvironment } from '../src/env-proxies.js';

const WEST = { host: 'west.example.net', port: 7070 };
const shown = (env: Record<string, string>, target = WEST): string => formatEgressPath(pathOfEnvironment(target, env)).join(' ') || 'direct';

describe('egress: env', () => {
  it('takes HTTPS_PROXY, else ALL_PROXY; small letters first; HTTP_PROXY has no say', () => {
    expect(shown({})).to.equal('direct');
    expect(shown({ HTTP_PROXY: 'http://a:3128' })).to.equal('direct');
    expect(shown({ ALL_PROXY: 'socks5://b:1080' })).to.equal('socks5://b:1080');
    expect(shown({ ALL_PROXY: 'socks5://b:1080', HTTPS_PROXY: 'http://a:3128' })).to.equal('http://a:3128');
    expect(shown({ https_proxy: 'http://small:3128', HTTPS_PROXY: 'http://a:3128' })).to.equal('http://small:3128');
    expect(shown({ https_proxy: '  ', HTTPS_PROXY: 'http://a:3128' })).to.equal('http://a:3128');
  });

  it("reads curl's forms", () => {
    expect(shown({ HTTPS_PROXY: 'fw.globex:3128' })).to.equal('http://fw.globex:3128');
    expect(shown({ HTTPS_PROXY: 'fw.globex' })).to.equal('http://fw.globex:1080');
    expect(shown({ HTTPS_PROXY: 'http://fw.globex:3128/' })).to.equal('http://fw.globex:3128');
    expect(shown({ ALL_PROXY: 'socks5h://fw.globex' })).to.equal('socks5://fw.globex:1080');
    expect(shown({ ALL_PROXY: 'socks://fw.globex:1081' })).to.equal('socks5://fw.globex:1081');
  });

  it('keeps user and password, also those that look like references', () => {
    const [proxy] = pathOfEnvironment(WEST, { HTTPS_PROXY: 'http://ann:a%40b$%7Benv:X%7D@fw:3128' }).through;
    expect(proxy).to.include({ user: 'ann', password: 'a@b$${env:X}' });
  });

  it('obeys NO_PROXY: names and what is below them, addresses, CIDRs, ports, everything', () => {
    const excepted = (NO_PROXY: string, target = WEST): boolean => shown({ HTTPS_PROXY: 'http://a:3128', NO_PROXY }, target) === 'direct';
    for (const entry of ['*', 'example.net', '.example.net', '*.example.net', 'west.example.net', 'WEST.Example.Net', 'other,west.example.net', 'other west.example.net', 'example.net:7070']) expect(excepted(entry), entry).to.equal(true);
    for (const entry of ['', 'ample.net', 'east.example.net', 'example.net:443', 'west', '10.0.0.0/8']) expect(excepted(entry), entry).to.equal(false);
    const address = { host: '10.1.2.3', port: 7070 };
    for (const entry of ['10.1.2.3', '10.0.0.0/8', '10.1.2.3:7070']) expect(excepted(entry, address), entry).to.equal(true);
    for (const entry of ['10.1.2.4', '11.0.0.0/8', '10.0.0.0/33', '10.1.2.3:80', '1.2.3']) expect(excepted(entry, address), entry).to.equal(false);
    const v6 = { host: '2001:db8::7', port: 7070 };
    for (const entry of ['2001:db8::/32', '[2001:db8::7]', '[2001:db8::7]:7070']) expect(excepted(entry, v6), entry).to.equal(true);
  });

  it('names the variable that is no proxy, and not its value', () => {
    expect(() => pathOfEnvironment(WEST, { ALL_PROXY: 'ftp://ann:secret@fw:21' })).to.throw(/^the environment variable ALL_PROXY is no proxy: "ftp:\/\/" is no proxy/).with.property('code', 'ERR_LSTP_EGRESS');
  });
});
