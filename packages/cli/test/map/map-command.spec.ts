import { expect } from 'chai';
import { Workplace } from '../support/lstp.js';

describe('lstp map, the command', function () {
  this.timeout(30_000);
  const place = new Workplace();
  before(() => place.run(['init', 'demo']));
  after(() => place.remove());

  it('draws as text unless told otherwise', async () => {
    const { status, stdout, stderr } = await place.run(['map', 'demo/chain.yaml']);
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/^acme-globex\n/).and.contain('│ west ├───────▶│ east │');
  });

  it('draws as SVG and tells as JSON', async () => {
    expect((await place.run(['map', 'demo/chain.yaml', '--format', 'svg'])).stdout).to.match(/^<svg xmlns[^]*<\/svg>\n$/);
    const { tunnels } = JSON.parse((await place.run(['map', 'demo/chain.yaml', '--format', 'json'])).stdout) as { tunnels: { name: string }[] };
    expect(tunnels.map(({ name }) => name)).to.deep.equal(['acme-globex']);
  });

  it('answers a wrong file with status 1 and a wrong format with 2', async () => {
    const wrong = await place.run(['map', 'absent.yaml']);
    expect([wrong.status, wrong.stdout]).to.deep.equal([1, '']);
    expect(wrong.stderr).to.contain('absent.yaml:1:1: there is no such file');
    expect((await place.run(['map', 'demo/chain.yaml', '--format', 'png'])).status).to.equal(2);
  });
});
