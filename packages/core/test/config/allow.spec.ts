import { expect } from 'chai';
import { isAllowed, mayReach, parseAllowPattern, parseTarget } from '../../src/index.js';

/** Asks for `target`, which has `address`. */
function allowed(patterns: readonly string[], target: string, address?: string): boolean {
  const parsed = parseTarget(target);
  const list = patterns.map(parseAllowPattern);
  return mayReach(list, parsed) && isAllowed(list, parsed, address ?? parsed.host);
}

describe('allow', () => {
  it('matches names below a domain, not the domain itself nor one that ends alike', () => {
    expect(allowed(['*.acme:443'], 'www.acme:443', '192.0.2.1')).to.equal(true);
    expect(allowed(['*.acme:443'], 'a.b.acme:443', '192.0.2.1')).to.equal(true);
    expect(allowed(['*.acme:443'], 'WWW.Acme.:443', '192.0.2.1')).to.equal(true);
    expect(allowed(['*.acme:443'], 'acme:443', '192.0.2.1')).to.equal(false);
    expect(allowed(['*.acme:443'], 'www.acme.evil:443', '192.0.2.1')).to.equal(false);
    expect(allowed(['*.acme:443'], 'notacme:443', '192.0.2.1')).to.equal(false);
  });

  it('takes * for any characters, anywhere', () => {
    expect(allowed(['db-*.acme:5432'], 'db-7.acme:5432', '192.0.2.1')).to.equal(true);
    expect(allowed(['a*b*c:1'], 'abc:1', '192.0.2.1')).to.equal(true);
    expect(allowed(['a*b*c:1'], 'axc:1', '192.0.2.1')).to.equal(false);
    expect(allowed(['ab*ba:1'], 'aba:1', '192.0.2.1')).to.equal(false);
    expect(allowed(['*:80'], 'anything.example:80', '192.0.2.1')).to.equal(true);
    expect(allowed(['*:80'], '192.0.2.1:80')).to.equal(true);
  });

  it('compares ports, spans of ports, and every port', () => {
    expect(allowed(['h:443'], 'h:444', '192.0.2.1')).to.equal(false);
    expect(allowed(['h:1-1023'], 'h:1023', '192.0.2.1')).to.equal(true);
    expect(allowed(['h:1-1023'], 'h:1024', '192.0.2.1')).to.equal(false);
    expect(allowed(['h:*'], 'h:65535', '192.0.2.1')).to.equal(true);
  });

  it('compares networks with the address a name was resolved to', () => {
    expect(allowed(['10.1.0.0/16:22'], '10.1.255.255:22')).to.equal(true);
    expect(allowed(['10.1.0.0/16:22'], '10.2.0.0:22')).to.equal(false);
    expect(allowed(['10.1.0.0/16:22'], 'build.acme:22', '10.1.2.3')).to.equal(true);
    expect(allowed(['10.1.0.0/16:22'], 'build.acme:22', '192.0.2.1')).to.equal(false);
    expect(allowed(['[fd00::/8]:22'], '[fd12::1]:22')).to.equal(true);
    expect(allowed(['[fd00::/8]:22'], '[fe80::1]:22')).to.equal(false);
    expect(allowed(['0.0.0.0/0:22'], '[fd12::1]:22')).to.equal(false);
  });

  it('takes no literal address for a name, whatever its zone or its last digits spell', () => {
    for (const target of ['[2001:db8::1%x.acme]:443', '[::ffff:10.1.2.3%x.acme]:443', '[fd00::1%lo.acme]:443']) expect(allowed(['*.acme:443', '*me:443'], target), target).to.equal(false);
    expect(allowed(['*beef:443'], '[2001:db8::beef]:443')).to.equal(false);
    expect(allowed(['*:443'], '[2001:db8::beef]:443')).to.equal(true);
    expect(() => parseTarget('10.1.2.3%x.acme:443')).to.throw('is no host name or address');
  });

  it('lets a name reach private addresses', () => expect(allowed(['*.acme:443'], 'www.acme:443', '10.0.0.1')).to.equal(true));

  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '0.0.0.0', '::', '169.254.169.254', 'fe80::1%eth0', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::a9fe:a9fe', '224.0.0.1', 'fd00:ec2::254', '100.100.100.200', '::127.0.0.1']) {
    it(`lets no name reach ${address}`, () => {
      expect(allowed(['*.acme:443', '*:443'], 'www.acme:443', address)).to.equal(false);
      expect(allowed(['*:*'], address.includes(':') ? `[${address}]:443` : `${address}:443`)).to.equal(false);
    });
  }

  it('reaches loopback and link-local where an address or network says so', () => {
    expect(allowed(['127.0.0.1:80'], '127.0.0.1:80')).to.equal(true);
    expect(allowed(['127.0.0.1:80'], 'localhost:80', '127.0.0.1')).to.equal(true);
    expect(allowed(['127.0.0.1:80'], '[::ffff:127.0.0.1]:80')).to.equal(true);
    expect(allowed(['[::1]:80'], '[::1]:80')).to.equal(true);
    expect(allowed(['169.254.0.0/16:80'], '169.254.169.254:80')).to.equal(true);
  });

  it('reaches them by no network that only happens to hold them', () => {
    for (const [network, address] of [
      ['0.0.0.0/0', '127.0.0.1'],
      ['0.0.0.0/0', '169.254.169.254'],
      ['168.0.0.0/7', '169.254.169.254'],
      ['100.64.0.0/10', '100.100.100.200'],
      ['[::/0]', '[::1]'],
      ['[::/0]', '[fe80::1]'],
      ['[fd00::/8]', '[fd00:ec2::254]'],
    ]) expect(allowed([`${network}:80`], `${address}:80`), `${address} in ${network}`).to.equal(false);
    expect(allowed(['0.0.0.0/0:80', '127.0.0.0/8:80'], '127.8.8.8:80')).to.equal(true);
    expect(allowed(['0.0.0.0/0:80'], '192.0.2.1:80')).to.equal(true);
    expect(allowed(['[fd00::/8]:80'], '[fd00:ec2::253]:80')).to.equal(true);
  });

  it('takes no number for a name, and no reference to a secret', () => {
    for (const host of ['0x7f.1', '0x7f000001', '127.0x0.0.1', '0X7F.0.0.1']) expect(() => parseTarget(`${host}:80`), host).to.throw('is no IPv4 address');
    for (const host of ['beef', '0xcafe.acme', 'x.1a']) expect(parseTarget(`${host}:80`).host).to.equal(host);
    for (const text of ['${env:HOME}:80', 'a.${env:HOME}.acme:80', 'a:${env:PORT}', '${file:/etc/passwd}']) expect(() => parseTarget(text), text).to.throw('is no host name or address');
  });

  it('allows nothing without patterns, and nothing at what is no address', () => {
    expect(allowed([], 'www.acme:443', '192.0.2.1')).to.equal(false);
    expect(allowed(['*:*'], 'www.acme:443', 'www.acme')).to.equal(false);
  });

  for (const [text, fault] of [
    ['*.acme', '"*.acme" has no port; write *.acme:443'],
    [':443', 'has no host'],
    ['*.acme:https', '"https" is no port'],
    ['*.acme:0', '"0" is no port'],
    ['*.acme:2-1', '"2-1" is no port'],
    ['*.acme:80,443', 'write an entry for each'],
    ['10.1.0.0/33:22', 'from 0 to 32'],
    ['10.1/16:22', 'is no network'],
    ['10.1.*:22', 'allowed by network'],
    ['fd00::/8:22', 'stands in brackets'],
    ['[fd00::/8]', 'has no port'],
    ['localhost:80', 'write 127.0.0.1'],
    ['https://www.acme:443', 'without "https://"'],
    ['a b:1', 'is no host name'],
  ] as const) {
    it(`refuses ${text}`, () => expect(() => parseAllowPattern(text)).to.throw(fault));
  }
});
