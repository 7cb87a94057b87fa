/** A PostgreSQL cluster of the test's own, from Debian's package: its folder with a Unix socket, and a user that is not root. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';

const VERSIONS = '/usr/lib/postgresql';

/** What is missing on this machine, or undefined. */
export function missingForPostgres(): string | undefined {
  if (!existsSync(VERSIONS) || binaries() === undefined) return 'postgresql is not installed';
  return process.getuid?.() === 0 && postgresUser() === undefined ? 'there is no user postgres, and PostgreSQL does not run as root' : undefined;
}

export class PostgresCluster {
  /** Only part of the socket's name. */
  readonly port = 5432;
  /** Where its Unix socket is. */
  readonly folder: string;
  #server: ChildProcess | undefined;

  /** Resolves when it takes connections. Whoever reaches its folder may log in as `postgres`. */
  static async start(): Promise<PostgresCluster> {
    const cluster = new PostgresCluster();
    await cluster.#start();
    return cluster;
  }

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'lstp-postgres-'));
  }

  /** Path of a program of the package. */
  static program(name: string): string {
    return join(binaries() as string, name);
  }

  /** The first column of every row, by the server's own socket: nothing of lstp is between. */
  query(sql: string): string[] {
    const { status, stdout, stderr } = spawnSync(PostgresCluster.program('psql'), ['-X', '-At', '-h', this.folder, '-p', String(this.port), '-U', 'postgres', '-c', sql, 'postgres'], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout.trimEnd().split('\n');
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server !== undefined && server.exitCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGINT');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const user = process.getuid?.() === 0 ? postgresUser() : undefined;
    if (user !== undefined) chownSync(this.folder, user.uid, user.gid);
    const options = { ...user, cwd: this.folder, env: { ...process.env, HOME: this.folder, LC_ALL: 'C' } };
    const data = join(this.folder, 'data');
    const made = spawnSync(PostgresCluster.program('initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync'], { ...options, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
    const settings = ['fsync=off', 'listen_addresses=', `unix_socket_directories=${this.folder}`].flatMap((setting) => ['-c', setting]);
    this.#server = spawn(PostgresCluster.program('postgres'), ['-D', data, '-p', String(this.port), ...settings], { ...options, stdio: 'ignore' });
    await eventually(() => spawnSync(PostgresCluster.program('pg_isready'), ['-h', this.folder, '-p', String(this.port)]).status === 0, () => 'PostgreSQL takes connections', 60_000);
  }
}

/** Of the newest version that is installed. */
function binaries(): string | undefined {
  const folders = readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a)).map((version) => join(VERSIONS, version, 'bin'));
  return folders.find((folder) => ['initdb', 'postgres', 'psql', 'pgbench'].every((name) => existsSync(join(folder, name))));
}

function postgresUser(): { readonly uid: number; readonly gid: number } | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' })).map(({ status, stdout }) => (status === 0 ? Number(stdout) : NaN)) as [number, number];
  return Number.isNaN(uid + gid) ? undefined : { uid, gid };
}
