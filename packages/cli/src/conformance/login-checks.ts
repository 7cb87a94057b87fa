/** What a login must do: give who is there, verify who is right, and nobody else. */
import assert from 'node:assert/strict';
import { generateIdentity } from '@lstp/core/security';
import type { Credentials, Login, LoginSource, PluginDefinition } from '@lstp/core/plugin';
import { checksOf, within, type Check } from './check.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { makeRole, optionsAt } from './make-role.js';
import type { LoginSample, Place, PluginSample } from './sample.js';

const USER_CHARACTERS = 255;
const PROOF_CHARACTERS = 4096;

const ATTEMPTS_MS = 60_000;

export function conformsAsLogin(plugin: PluginDefinition, sample: PluginSample & { readonly login: LoginSample }): Check[] {
  const { right, groups } = sample.login;
  const atEnd = (node: 'desk' | 'lab', use: (login: Login) => Promise<void>) => async (place: Place): Promise<void> => {
    const login = await makeRole('login', plugin, { options: optionsAt(sample, place), folder: place.folder, node });
    await within('start()', Promise.resolve(login.start?.()));
    try {
      await use(login);
    } finally {
      await within('stop()', Promise.resolve(login.stop?.()));
    }
  };
  return [
    ...lifecycleChecks('login', 'login', plugin, sample),
    ...checksOf('login', {
      'gives credentials that fit into their message': atEnd('desk', async (login) => {
        if (login.credentials === undefined) return;
        const { user, proof } = await within('credentials()', login.credentials());
        assert.equal(user, right.user);
        assert.ok(user.length <= USER_CHARACTERS && proof.length <= PROOF_CHARACTERS, 'user has at most 255 characters, proof 4096');
      }),
      'verifies the right one': atEnd('lab', async (login) => {
        const verified = await within('verify()', Promise.resolve(login.verify?.(right, SOURCE)));
        if (login.verify === undefined) return;
        assert.equal(verified?.user, right.user, 'the right credentials are refused');
        if (groups !== undefined) assert.deepEqual([...(verified.groups ?? [])].sort(), [...groups].sort());
        for (const group of verified.groups ?? []) assert.doesNotMatch(group, /^@/, 'groups are given without @');
      }),
      'verifies nobody else': atEnd('lab', async (login) => {
        for (const wrong of wrongOnes(right)) {
          const verified = await within('verify()', Promise.resolve(login.verify?.(wrong, SOURCE)).catch(() => undefined), ATTEMPTS_MS);
          assert.equal(verified, undefined, `it let in ${JSON.stringify(wrong).slice(0, 80)}`);
        }
      }),
    }),
  ];
}

const SOURCE: LoginSource = { node: 'desk', key: generateIdentity().publicKey };

/** Few: a good login is slower after each. */
function wrongOnes({ user, proof }: Credentials): Credentials[] {
  const proofs = ['', `${proof}x`];
  const users = ['', '__proto__', '\ud800'];
  return [...proofs.map((wrong) => ({ user, proof: wrong })), ...users.map((wrong) => ({ user: wrong, proof }))];
}
