/** Two ends with plugins of a test's own, and a server that gives back what it gets. */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { PluginDefinition } from '@lstp/core';
import { until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { Application, ApplicationServer, digestOf, echo } from './application.js';
import { PairPlan, type PairOptions, type TestEnd } from './test-end.js';

export class RoleBed {
  readonly plan: PairPlan;
  readonly echoes: ApplicationServer;
  /** Those that stopEnds() stops. */
  readonly running: TestEnd[] = [];

  static async make(): Promise<RoleBed> {
    return new RoleBed(await PairPlan.make(), await ApplicationServer.start(echo));
  }

  private constructor(plan: PairPlan, echoes: ApplicationServer) {
    this.plan = plan;
    this.echoes = echoes;
  }

  /** `plugins` beside the bundled ones. */
  async start(options: PairOptions, plugins: readonly PluginDefinition[]): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const ends = await this.plan.start(options, { plugins: [...bundledPlugins, ...plugins] });
    this.running.push(ends.desk, ends.lab);
    return ends;
  }

  /** A service named `name` that leads to the server; `more` are further keys. */
  service(name: string, more = ''): string {
    return `${name}: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${this.echoes.port}"${more === '' ? '' : `, ${more}`} }`;
  }

  async expectEcho(end: TestEnd, service = 'echo', bytes: Buffer = randomBytes(3_000_000)): Promise<void> {
    const client = Application.connect(end.address(service)).read().send(bytes).finish();
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(bytes));
  }

  /** Nothing of them is left when it resolves. */
  async stopEnds(): Promise<void> {
    await Promise.all(this.running.splice(0).map((end) => end.stop()));
    await until('no connection of an application', () => this.echoes.openCount === 0);
  }
}
