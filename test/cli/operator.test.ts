import { expect, test } from 'vitest';
import { operatorName } from '../../src/cli/operator.ts';

const root = () => ({ username: 'root' });
const nameless = () => {
  throw new Error('ENOENT: uv_os_get_passwd');
};

test.each([
  ['the person who called sudo', { SUDO_USER: 'alice' }, root, 'alice'],
  ['the user without sudo', {}, root, 'root'],
  ['the user when SUDO_USER is empty', { SUDO_USER: ' ' }, root, 'root'],
  ['the number of a user without a name', {}, nameless, 'uid 1234'],
  ['a hostile name with escapes', { SUDO_USER: 'a\u001b[2J\nb' }, root, 'a\\u001b[2J\\u000ab'],
])('the operator is %s', (_, env, userInfo, name) => {
  expect(operatorName(env, userInfo, 1234)).toBe(name);
});

test('the name of an operator is cut after 64 characters', () => {
  expect(operatorName({ SUDO_USER: 'x'.repeat(1000) }, root)).toBe('x'.repeat(64));
});
