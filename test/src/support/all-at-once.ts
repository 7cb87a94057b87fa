/**
 * Real programs that use one chain at once: curl down and up, an interactive ssh session, pgbench. They begin together, and
 * say at the end whether anything was lost, doubled or broken.
 */
import { expect } from 'chai';
import { BIN, missingForSsh, startSshd, type OwnSshd, type Running, type Workplace } from 'lstp/testing';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BigFileServer, writeBigFile } from './big-file.js';
import { missingForPostgres, PostgresCluster } from './postgres.js';
import { SshSession } from './ssh-session.js';

export interface Preparation {
  /** Of the file that goes down and up. */
  readonly bytes: number;
  /** The beginning of a command that runs a program where lab is. */
  readonly atLab?: readonly string[];
}

interface Servers {
  readonly web: BigFileServer;
  readonly postgres: PostgresCluster;
  readonly sshd: OwnSshd;
}

const CLIENTS = 4;
const TRANSACTIONS_PER_SECOND = 100;
/** Where pgbench looks for its server's socket, beside a folder of its own. */
const PG_PORT = '5432';

export class AllAtOnce {
  readonly #place: Workplace;
  readonly #bytes: number;
  readonly #digest: string;
  readonly #servers: Servers;
  #ssh: SshSession | undefined;

  /** What is missing on this machine, or undefined. */
  static missing(): string | undefined {
    return missingForSsh() ?? missingForPostgres() ?? (existsSync('/usr/bin/curl') ? undefined : 'curl is not installed');
  }

  static async prepare(place: Workplace, { bytes, atLab = [] }: Preparation): Promise<AllAtOnce> {
    const at = (name: string): string => join(place.folder, name);
    mkdirSync(at('pg'));
    const digest = await writeBigFile(at('big-file'), bytes);
    const [web, postgres, sshd] = await Promise.all([BigFileServer.start(at('web-server.sock'), at('big-file')), PostgresCluster.start(), startSshd(place, atLab)]);
    const filled = await place.spawn(PostgresCluster.program('pgbench'), ['-i', '-q', '-h', postgres.folder, '-p', String(postgres.port), '-U', 'postgres', 'postgres']).ended;
    expectDone(filled, 'pgbench -i');
    return new AllAtOnce(place, { bytes, digest }, { web, postgres, sshd });
  }

  private constructor(place: Workplace, { bytes, digest }: { bytes: number; digest: string }, servers: Servers) {
    this.#place = place;
    this.#bytes = bytes;
    this.#digest = digest;
    this.#servers = servers;
  }

  /** Lines for the chain file. Unix sockets are the same in every network namespace. */
  get services(): string[] {
    const { postgres, sshd } = this.#servers;
    return [
      `web: { at: desk, listen: "unix:${this.#at('web.sock')}", to: "unix:${this.#at('web-server.sock')}" }`,
      `pg: { at: desk, listen: "unix:${this.#at(`pg/.s.PGSQL.${PG_PORT}`)}", to: "unix:${postgres.folder}/.s.PGSQL.${postgres.port}" }`,
      `ssh: { at: desk, to: "127.0.0.1:${sshd.port}" }`,
    ];
  }

  /** How long each answer at the ssh session took, ms. */
  get waits(): readonly number[] {
    return this.#ssh?.waits ?? [];
  }

  /** Runs everything to its end, which takes `seconds` when nothing hinders it, then looks at what came of it. */
  async run(seconds: number): Promise<void> {
    this.#ssh = new SshSession(this.#startSsh());
    await Promise.all([this.#download(seconds), this.#upload(seconds), this.#bench(seconds)]);
    await this.#ssh.leave();
  }

  async stop(): Promise<void> {
    const { web, postgres } = this.#servers;
    await Promise.all([web.stop(), postgres.stop()]);
  }

  #at(name: string): string {
    return join(this.#place.folder, name);
  }

  #startSsh(): Running {
    const { options, user } = this.#servers.sshd;
    const proxy = `ProxyCommand="${process.execPath}" "${BIN}" connect chain.yaml --as desk ssh`;
    return this.#place.spawn('ssh', ['-tt', ...options, '-o', proxy, `${user}@behind-two-firewalls`, 'env -i PS1= TERM=dumb sh -i']);
  }

  #curl(seconds: number, args: readonly string[]): Running {
    const pace = String(Math.ceil(this.#bytes / seconds));
    return this.#place.spawn('curl', ['-sS', '--fail', '--unix-socket', 'web.sock', '--limit-rate', pace, ...args, 'http://web/big-file']);
  }

  async #download(seconds: number): Promise<void> {
    expectDone(await this.#curl(seconds, ['-o', 'downloaded']).ended, 'the download');
    const { stdout } = await this.#place.spawn('sha256sum', ['downloaded']).ended;
    expect(stdout.split(' ')[0], 'the download').to.equal(this.#digest);
  }

  async #upload(seconds: number): Promise<void> {
    const done = await this.#curl(seconds, ['-T', 'big-file', '-H', 'Expect:']).ended;
    expectDone(done, 'the upload');
    expect(done.stdout, 'the upload').to.equal(this.#digest);
  }

  /** Transactions and their history agree: none was lost, none was done twice. */
  async #bench(seconds: number): Promise<void> {
    const before = this.#countTransactions();
    const args = ['-n', '-c', String(CLIENTS), '-R', String(TRANSACTIONS_PER_SECOND), '-T', String(seconds), '-h', this.#at('pg'), '-p', PG_PORT, '-U', 'postgres', 'postgres'];
    const done = await this.#place.spawn(PostgresCluster.program('pgbench'), args).ended;
    expectDone(done, 'pgbench');
    expect(done.stdout).to.match(/number of failed transactions: 0 /);
    const transactions = Number(/number of transactions actually processed: (\d+)/.exec(done.stdout)?.[1]);
    expect(this.#countTransactions() - before, 'transactions in the history').to.equal(transactions);
    expect(this.#servers.postgres.query(BALANCES), 'sums of all balances').to.satisfy((sums: string[]) => new Set(sums).size === 1);
  }

  #countTransactions(): number {
    return Number(this.#servers.postgres.query('select count(*) from pgbench_history')[0]);
  }
}

const BALANCES = 'select sum(delta) from pgbench_history union all select sum(abalance) from pgbench_accounts union all select sum(tbalance) from pgbench_tellers union all select sum(bbalance) from pgbench_branches';

function expectDone({ status, stderr }: { readonly status: number | null; readonly stderr: string }, what: string): void {
  expect(status, `${what}: ${stderr}`).to.equal(0);
}
