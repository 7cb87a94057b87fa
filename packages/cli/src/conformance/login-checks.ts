/** What a login must do: give who is there, verify who is right, and nobody else. */
import assert from 'node:assert/strict';
import type { Credentials, Login, PluginDefinition } from '@lstp/core/plugin';
import { checksOf, within, type Check } from './check.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { makeRole, optionsAt } from './make-role.js';
import type { LoginSample, Place, PluginSample } from './sample.js';

const USER_CHARACTERS = 255;
const PROOF_CHARACTERS = 4096;

export function conformsAsLogin(plugin: PluginDefinition, sample: PluginSample & { readonly login: LoginSample }): Check[] {
  const { right, groups } = sample.login;
  const withLogin = (use: (login: Login) => Promise<void>) => async (place: Place) => {
    const login = await makeRole('login', plugin, { options: optionsAt(sample, place) });
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
      'gives credentials that fit into their message': withLogin(async (login) => {
        if (login.credentials === undefined) return;
        const { user, proof } = await within('credentials()', login.credentials());
        assert.equal(user, right.user);
        assert.ok(user.length <= USER_CHARACTERS && proof.length <= PROOF_CHARACTERS, 'user has at most 255 characters, proof 4096');
      }),
      'verifies the right one': withLogin(async (login) => {
        if (login.verify === undefined) return;
        const verified = await within('verify()', login.verify(await ofSample(login, right)));
        assert.equal(verified?.user, right.user, 'the right credentials are refused');
        if (groups !== undefined) assert.deepEqual([...(verified?.groups ?? [])].sort(), [...groups].sort());
        for (const group of verified?.groups ?? []) assert.doesNotMatch(group, /^@/, 'groups are given without @');
      }),
      'verifies nobody else, and throws for no input': withLogin(async (login) => {
        if (login.verify === undefined) return;
        for (const wrong of wrongOnes(right)) assert.equal(await within('verify()', login.verify(wrong)), undefined, `it let in ${JSON.stringify(wrong).slice(0, 80)}`);
      }),
    }),
  ];
}

/** A proof may be good only now: what the plugin itself gives comes first. */
async function ofSample(login: Login, right: Credentials): Promise<Credentials> {
  return (await login.credentials?.()) ?? right;
}

function wrongOnes({ user, proof }: Credentials): Credentials[] {
  const proofs = ['', ' ', `${proof} `, proof.slice(1), `${proof}${proof}`, proof.toUpperCase() === proof ? proof.toLowerCase() : proof.toUpperCase(), '\0', 'x'.repeat(PROOF_CHARACTERS), '\ud800'];
  const users = ['', `${user} `, `${user}\0`, `${user}\n`, '__proto__', 'constructor', '../../etc/passwd', 'x'.repeat(USER_CHARACTERS), '@ops', '\ud800'];
  return [...proofs.filter((wrong) => wrong !== proof).map((wrong) => ({ user, proof: wrong })), ...users.map((wrong) => ({ user: wrong, proof }))];
}
