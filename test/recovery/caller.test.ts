import { describe, expect, test } from 'vitest';
import { callerName, systemCaller } from '../../src/recovery/caller.ts';

const ROOT = { uid: 0, user: 'root' };

describe('the caller of a process', () => {
  test('is named by who called sudo, else by the user, else by the uid', () => {
    expect(callerName({ ...ROOT, sudo_user: 'alice' })).toBe('alice');
    expect(callerName(ROOT)).toBe('root');
    expect(callerName({ uid: 1234 })).toBe('uid 1234');
    expect(callerName({ ...ROOT, sudo_user: 'a\nb' })).toBe('a\\u000ab');
    expect(callerName({ ...ROOT, sudo_user: '\u001b'.repeat(64) })).toHaveLength(64);
  });

  test('comes from the process and its environment', () => {
    const caller = systemCaller({ SUDO_USER: 'alice' }, ['/usr/bin/ipvstate', 'apply']);
    expect(caller).toMatchObject({
      uid: process.geteuid?.(),
      sudo_user: 'alice',
      command: ['ipvstate', 'apply'],
    });
    expect(systemCaller({ SUDO_USER: '' }, [])).not.toHaveProperty('sudo_user');
  });
});

describe('a recorded command line', () => {
  const commandOf = (...words: string[]): readonly string[] =>
    systemCaller({}, ['/usr/sbin/ipvstate', ...words]).command;

  test('has the words as they were given', () => {
    expect(commandOf('apply', '-f', 'a b.yaml')).toEqual(['ipvstate', 'apply', '-f', 'a b.yaml']);
  });

  test('hides the credentials of a URL', () => {
    expect(commandOf('-f', 'etcd://ops:s3cret@x@[2001:db8::1]:2379/lb?user=@')).toEqual([
      'ipvstate',
      '-f',
      'etcd://***@[2001:db8::1]:2379/lb?user=@',
    ]);
    expect(commandOf('--file=https://token@host/a')[1]).toBe('--file=https://***@host/a');
    expect(commandOf('tcp://192.0.2.10:443')[1]).toBe('tcp://192.0.2.10:443');
  });

  test('is cut where it is long', () => {
    expect(commandOf('x'.repeat(10_000))[1]).toHaveLength(256);
    const many = commandOf(...Array.from({ length: 1000 }, (_, index) => `${index}`));
    expect(many).toHaveLength(66);
    expect(many.at(-1)).toBe('(and 936 more)');
  });
});
