/**
 * Real proxies on loopback, each a process with a configuration of its own: dante, microsocks, squid, tinyproxy, HAProxy, nginx.
 * Everything is ended, and its folder removed, by stop().
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@lstp/core';

const PROGRAMS = { dante: '/usr/sbin/danted', microsocks: '/usr/bin/microsocks', squid: '/usr/sbin/squid', tinyproxy: '/usr/bin/tinyproxy', haproxy: '/usr/sbin/haproxy', nginx: '/usr/sbin/nginx' } as const;
export type ProxyKind = keyof typeof PROGRAMS;

const REALM = 'acme';
const LOOK_EVERY_MS = 10;
const START_WITHIN_MS = 30_000;

export interface Account {
  readonly user: string;
  readonly password: string;
}

/** What of these is not installed, or undefined. */
export function missingProxies(...kinds: readonly ProxyKind[]): string | undefined {
  const missing = kinds.filter((kind) => !existsSync(PROGRAMS[kind]));
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`;
}

export class ProxyBed {
  readonly folder = mkdtempSync(join(tmpdir(), 'lstp-proxies-'));
  readonly #children = new Set<ChildProcess>();
  /** What was started last on each port. */
  readonly #byPort = new Map<number, { readonly child: ChildProcess; readonly words: readonly string[] }>();
  #files = 0;

  constructor() {
    // Proxies that were started by root read their files as another user.
    chmodSync(this.folder, 0o755);
  }

  /** SOCKS 4, 4a and 5 without a password. `deny` is a port that its rules forbid. Gives its port. */
  dante({ deny }: { readonly deny?: number } = {}): Promise<number> {
    return this.#start((port) => {
      const denied = deny === undefined ? '' : `socks block {\n from: 0/0 to: 0/0 port = ${deny}\n log: error\n}\n`;
      const users = process.getuid?.() === 0 ? 'user.privileged: root\nuser.unprivileged: nobody\n' : '';
      const text = `logoutput: stderr\ninternal: 127.0.0.1 port = ${port}\nexternal: 127.0.0.1\nclientmethod: none\nsocksmethod: none\n${users}client pass {\n from: 0/0 to: 0/0\n}\n${denied}socks pass {\n from: 0/0 to: 0/0\n}\n`;
      return [PROGRAMS.dante, '-f', this.#file(text), '-p', join(this.folder, `dante-${port}.pid`)];
    });
  }

  microsocks(account?: Account): Promise<number> {
    const login = account === undefined ? [] : ['-u', account.user, '-P', account.password];
    return this.#start((port) => [PROGRAMS.microsocks, '-i', '127.0.0.1', '-p', String(port), ...login]);
  }

  /** `allow`: the only ports that may be asked for. */
  squid({ basic, digest, allow }: { readonly basic?: Account; readonly digest?: Account; readonly allow?: readonly number[] } = {}): Promise<number> {
    return this.#start((port) => {
      const lines = [
        `http_port 127.0.0.1:${port}`, 'visible_hostname proxy.acme', 'pid_filename none', 'cache deny all', 'coredump_dir none', 'pinger_enable off',
        'shutdown_lifetime 0 seconds', 'max_filedescriptors 1024', 'access_log none', 'cache_log /dev/null', 'connect_timeout 5 seconds',
        ...(basic === undefined ? [] : [`auth_param basic program /usr/lib/squid/basic_ncsa_auth ${this.#file(`${basic.user}:${hashOf(basic)}\n`)}`, `auth_param basic realm ${REALM}`]),
        ...(digest === undefined ? [] : [`auth_param digest program /usr/lib/squid/digest_file_auth -c ${this.#file(`${digest.user}:${REALM}:${digestOf(digest)}\n`)}`, `auth_param digest realm ${REALM}`, 'auth_param digest children 2']),
        ...(allow === undefined ? [] : [`acl allowed port ${allow.join(' ')}`, 'http_access deny !allowed']),
        ...(basic === undefined && digest === undefined ? [] : ['acl known proxy_auth REQUIRED', 'http_access deny !known']),
        'http_access allow all',
      ];
      return [PROGRAMS.squid, '-N', '-f', this.#file(`${lines.join('\n')}\n`)];
    });
  }

  /** `idleSeconds`: how long a connection may be without a byte. */
  tinyproxy(account?: Account, { idleSeconds = 600 }: { readonly idleSeconds?: number } = {}): Promise<number> {
    const login = account === undefined ? '' : `BasicAuth ${account.user} ${account.password}\n`;
    return this.#start((port) => [PROGRAMS.tinyproxy, '-d', '-c', this.#file(`Port ${port}\nListen 127.0.0.1\nTimeout ${idleSeconds}\nAllow 127.0.0.1\nLogLevel Error\n${login}`)]);
  }

  /** TLS in front of `behind`, a port of loopback; `pem` is a file of certificate and key. */
  haproxy(behind: number, { pem, server = '' }: { readonly pem?: string; readonly server?: string } = {}): Promise<number> {
    const tls = pem === undefined ? '' : ` ssl crt ${pem}`;
    return this.#start((port) => [PROGRAMS.haproxy, '-db', '-f', this.#file(`defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\nlisten one\n bind 127.0.0.1:${port}${tls}\n server one 127.0.0.1:${behind} ${server}\n`)]);
  }

  /** A web server that has a page, and gives WebSockets at `path` to `behind`, a port of loopback. */
  nginx(behind: number, { chain, key, path = '/lstp' }: { readonly chain?: string; readonly key?: string; readonly path?: string } = {}): Promise<number> {
    return this.#start((port) => {
      const tls = chain === undefined ? '' : `ssl_certificate ${chain}; ssl_certificate_key ${key};`;
      const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${this.folder}/nginx-${one};`).join(' ');
      const text = `worker_processes 1;
pid ${this.folder}/nginx-${port}.pid;
error_log stderr;
events { worker_connections 256; }
http {
  access_log off;
  ${temp}
  server {
    listen 127.0.0.1:${port}${chain === undefined ? '' : ' ssl'};
    ${tls}
    location ${path} {
      proxy_pass http://127.0.0.1:${behind};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 1h;
    }
    location / { return 200 "It works!"; }
  }
}
`;
      return [PROGRAMS.nginx, '-p', this.folder, '-c', this.#file(text), '-g', 'daemon off;', '-e', 'stderr'];
    });
  }

  /** Any other program that listens: `command` gives its words, for a free port. */
  start(command: (port: number) => readonly string[]): Promise<number> {
    return this.#start(command);
  }

  /** Writes a file of the bed. Gives its path. */
  file(text: string): string {
    return this.#file(text);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#children].map(endGroup));
    this.#children.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends what listens on `port` and nothing else. */
  async end(port: number): Promise<void> {
    const child = this.#byPort.get(port)?.child;
    if (child === undefined) return;
    this.#children.delete(child);
    await endGroup(child);
  }

  /** Starts what was ended again, on the same port. */
  async again(port: number): Promise<void> {
    await this.#run(port, this.#byPort.get(port)?.words ?? []);
  }

  async #start(command: (port: number) => readonly string[]): Promise<number> {
    const port = await freePort();
    return this.#run(port, command(port));
  }

  async #run(port: number, command: readonly string[]): Promise<number> {
    const [program = '', ...words] = command;
    const child = spawn(program, words, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#children.add(child);
    this.#byPort.set(port, { child, words: command });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
    const end = performance.now() + START_WITHIN_MS;
    while (!(await accepts(port))) {
      if (child.exitCode !== null || performance.now() > end) throw new Error(`${program} did not come up on port ${port}: ${said}`);
      await pause(LOOK_EVERY_MS);
    }
    return port;
  }

  #file(text: string): string {
    this.#files += 1;
    const path = join(this.folder, `file-${this.#files}`);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  }
}

/** What squid's program for Basic takes: MD5-crypt. */
function hashOf({ password }: Account): string {
  return execFileSync('openssl', ['passwd', '-apr1', password], { encoding: 'utf8' }).trim();
}

function digestOf({ user, password }: Account): string {
  return createHash('md5').update(`${user}:${REALM}:${password}`).digest('hex');
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** The process and all that it made: dante has children. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exit;
}
