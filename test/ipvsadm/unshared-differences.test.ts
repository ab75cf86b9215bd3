import { expect, test } from 'vitest';
import { tableOf } from '../support/tables.ts';
import { frontEnd } from './front-end.ts';

test('words in the input of -R may have any length', async () => {
  const { run, saved } = frontEnd(tableOf({}));
  const long = 'x'.repeat(10_000);
  expect(await run('-R', `-A -t ${long}:80\n`)).toEqual({
    status: 2,
    stdout: '',
    stderr: 'line 1: illegal virtual server address[:port] specified\n',
  });
  expect(await run('-R', `-A -f 8 -s ${long}\n`)).toMatchObject({ status: 0 });
  expect(saved()).toBe(`-A -f 8 -s ${long.slice(0, 15)}\n`);
});

test('!#:+ in a value has no special meaning', async () => {
  const { run, saved } = frontEnd(tableOf({}));
  expect(await run('-A -t !#:+ 10.0.0.1:80')).toEqual({
    status: 2,
    stdout: '',
    stderr: 'illegal virtual server address[:port] specified\n',
  });
  expect(saved()).toBe('');
});
