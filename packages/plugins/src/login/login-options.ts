/** What `login:` of a tunnel says in the chain file. */
import { z } from 'zod';

const USER = 'a name of at most 254 characters, as in the file of users';

export const LOGIN_OPTIONS = z
  .strictObject({
    user: z.string().min(1, { error: USER }).max(254, { error: USER }).describe('Who logs in. `${env:USER}` lets each person have a name of their own.'),
    proof: z.enum(['password', 'code', 'both']).optional().describe('With what: a password, a one-time code (TOTP), or both. What `password` or `totp` does not give is asked for on the terminal. Default: what they give, else `password`.'),
    password: z.string().min(1).max(1024).optional().describe('The password, as `${env:NAME}` or `${file:PATH}`: read at the end that logs in.'),
    totp: z.string().min(1).optional().describe('The secret of the one-time codes, as `${env:NAME}` or `${file:PATH}`, where no person is to type them.'),
    users: z.string().min(1).describe('File of users at the end that checks, as `lstp passwd` writes it; relative to the chain file.'),
  })
  .refine(({ proof, password }) => proof !== 'code' || password === undefined, { path: ['password'], error: 'proof: code needs no password; leave one of the two out' })
  .refine(({ proof, totp }) => proof !== 'password' || totp === undefined, { path: ['totp'], error: 'proof: password needs no codes; leave one of the two out' });

export type LoginOptions = z.output<typeof LOGIN_OPTIONS>;
