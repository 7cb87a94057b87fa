import { definePlugin, PLUGIN_API } from '@lstp/core';
import { LOGIN_OPTIONS } from './login-options.js';
import { UsersLogin } from './users-login.js';

export default definePlugin({
  name: 'login',
  api: PLUGIN_API,
  about: 'people log in with a password, a one-time code (TOTP), or both; the other end has a file of users',
  options: LOGIN_OPTIONS,
  oneSided: { front: ['user', 'password', 'totp'], back: ['users'] },
  login: UsersLogin,
});
