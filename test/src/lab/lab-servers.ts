/** Real servers of the laboratory, each with a configuration of its own: proxies, a web server, names. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EXAMPLES } from './firewall.js';
import type { Lab } from './lab.js';
import type { LabProcess } from './lab-process.js';

export interface Account {
  readonly user: string;
  readonly password: string;
}

/** SOCKS 4 and 5 without a password, on port 1080. */
export function dante(lab: Lab, host: string): Promise<LabProcess> {
  const text = `logoutput: stderr\ninternal: ${lab.address(host)} port = 1080\nexternal: eth0\nclientmethod: none\nsocksmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\nclient pass {\n from: 0/0 to: 0/0\n}\nsocks pass {\n from: 0/0 to: 0/0\n}\n`;
  return lab.serve(host, 1080, ['danted', '-f', lab.file(`dante-${host}.conf`, text), '-p', `${lab.folder}/dante-${host}.pid`]);
}

/** SOCKS 5 on port 1080. */
export function microsocks(lab: Lab, host: string, { user, password }: Account): Promise<LabProcess> {
  return lab.serve(host, 1080, ['microsocks', '-i', lab.address(host), '-p', '1080', '-u', user, '-P', password]);
}

export interface SquidOptions {
  readonly names: string;
  readonly account?: Account;
  /** The only ports that may be asked for. */
  readonly ports?: readonly number[];
}

/** HTTP CONNECT on port 3128. `names` is the host of its name server. */
export function squid(lab: Lab, host: string, { names, account, ports }: SquidOptions): Promise<LabProcess> {
  const login = account === undefined ? [] : [`auth_param basic program /usr/lib/squid/basic_ncsa_auth ${lab.file(`squid-${host}.users`, `${account.user}:${execFileSync('openssl', ['passwd', '-apr1', account.password], { encoding: 'utf8' })}`)}`, 'auth_param basic realm proxy', 'acl known proxy_auth REQUIRED', 'http_access deny !known'];
  const lines = [
    `http_port ${lab.address(host)}:3128`, `visible_hostname ${host}`, 'pid_filename none', 'cache deny all', 'coredump_dir none', 'pinger_enable off', 'access_log none', 'cache_log /dev/null',
    'shutdown_lifetime 0 seconds', 'max_filedescriptors 1024', `dns_nameservers ${lab.address(names)}`, 'connect_timeout 5 seconds',
    ...(ports === undefined ? [] : [`acl allowed port ${ports.join(' ')}`, 'http_access deny !allowed']),
    ...login, 'http_access allow all',
  ];
  return lab.serve(host, 3128, ['squid', '-N', '-f', lab.file(`squid-${host}.conf`, `${lines.join('\n')}\n`)]);
}

/** HTTP CONNECT on port 8888. */
export function tinyproxy(lab: Lab, host: string): Promise<LabProcess> {
  return lab.serve(host, 8888, ['tinyproxy', '-d', '-c', lab.file(`tinyproxy-${host}.conf`, `Port 8888\nListen ${lab.address(host)}\nTimeout 600\nLogLevel Error\n`)]);
}

/** A name server that knows these names and no others. */
export async function nameServer(lab: Lab, host: string, names: Readonly<Record<string, string>>): Promise<LabProcess> {
  const lines = ['no-resolv', 'no-hosts', 'bind-interfaces', `listen-address=${lab.address(host)}`, 'user=root', 'pid-file=', 'local=/#/', ...Object.entries(names).map(([name, at]) => `address=/${name}/${lab.address(at)}`)];
  return lab.serve(host, 53, ['dnsmasq', '--no-daemon', `--conf-file=${lab.file(`dnsmasq-${host}.conf`, `${lines.join('\n')}\n`)}`]);
}

/** examples/firewalls/https-only/nginx.conf: TLS on port 443, a page, and /lstp for port 8080 of its own host. */
export function nginx(lab: Lab, host: string, { chain, key }: { readonly chain: string; readonly key: string }): Promise<LabProcess> {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${lab.folder}/nginx-${host}-${one};`).join(' ');
  const example = readFileSync(new URL('https-only/nginx.conf', EXAMPLES), 'utf8').replace('west.pem', chain).replace('west.key', key).replace('http {', `http { access_log off; ${temp}`);
  return lab.serve(host, 443, ['nginx', '-p', lab.folder, '-c', lab.file(`nginx-${host}.conf`, `pid ${lab.folder}/nginx-${host}.pid;\n${example}`), '-g', 'daemon off;', '-e', 'stderr']);
}

/** What the far side has to reach: a file of `bytes`, over HTTP on port 80. */
export function fileServer(lab: Lab, host: string, bytes: number): Promise<LabProcess> {
  const program = `
const bytes = require('node:crypto').randomBytes(${bytes});
const digest = require('node:crypto').createHash('sha256').update(bytes).digest('hex');
require('node:http').createServer((request, response) => request.url === '/digest' ? response.end(digest) : response.end(bytes)).listen(80);
`;
  return lab.serve(host, 80, [process.execPath, lab.file(`file-server-${host}.cjs`, program)]);
}
