/**
 * golden/NAME.yaml with what is drawn of it: NAME.txt and NAME.map.json. A new case needs no code:
 * write the YAML, run once with LSTP_GOLDEN=write, and look at what was written.
 */
import { expect } from 'chai';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Chain } from '@lstp/core';
import { parseChain, PluginCatalogue } from '@lstp/core';
import { mapJson } from '../../src/map/map-json.js';
import { mapSvg } from '../../src/map/map-svg.js';
import { mapText } from '../../src/map/map-text.js';
import { SAMPLE_PLUGINS } from './sample-plugins.js';
import { overlaps, textBoxes, wellFormed } from './svg-inspection.js';

const FOLDER = new URL('../../../test/map/golden/', import.meta.url);

describe('lstp map', () => {
  for (const file of readdirSync(fileURLToPath(FOLDER)).filter((name) => name.endsWith('.yaml'))) {
    const name = file.replace(/\.yaml$/, '');
    describe(name.replaceAll('-', ' '), () => {
      const chain = parse(readFileSync(new URL(file, FOLDER), 'utf8'), file);
      const svg = mapSvg(chain);

      it('is drawn as text', () => expectGolden(`${name}.txt`, mapText(chain)));

      it('fits into 100 columns', () => {
        for (const line of mapText(chain).split('\n')) expect(line.length, line).to.be.at.most(100);
      });

      it('is told as JSON', () => expectGolden(`${name}.map.json`, mapJson(chain)));

      it('is an SVG that is well-formed XML', () => expect(wellFormed(svg)).to.equal(undefined));

      it('has no text in the SVG that covers another or leaves the picture', () => expect(overlaps(textBoxes(svg))).to.deep.equal([]));
    });
  }

  const secret = parse(
    `lstp: 1
nodes: { a: { egress: "socks5://someone:hunter2@fw:1080" }, b: { listen: "192.0.2.1:1" } }
tunnels: { t: { route: a > b, services: { s: { plugin: socks, at: a, listen: "127.0.0.1:1", accounts: { me: hunter2 } } } } }
`,
    'secret.yaml',
  );

  for (const [form, draw] of [['text', mapText], ['json', mapJson], ['svg', mapSvg]] as const) {
    it(`shows no user and no password in ${form}`, () => expect(draw(secret)).to.contain('socks5://fw:1080').and.not.contain('hunter2').and.not.contain('someone'));
  }

  it('escapes what means something to XML', () => {
    const svg = mapSvg(parse(readFileSync(new URL('many-alternatives-and-tunnels.yaml', FOLDER), 'utf8'), '<file> & "name"'));
    expect(svg).to.contain('&lt;&amp;&quot;').and.contain('The chain of &lt;file&gt; &amp; &quot;name&quot;');
  });
});

function parse(text: string, file: string): Chain {
  return parseChain(text, file, new PluginCatalogue(SAMPLE_PLUGINS));
}

function expectGolden(name: string, text: string): void {
  const file = new URL(name, FOLDER);
  if (process.env['LSTP_GOLDEN'] === 'write') writeFileSync(file, text);
  expect(text).to.equal(readFileSync(file, 'utf8'));
}
