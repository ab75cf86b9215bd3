import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Target } from '../../../src/daemon/health/answer.ts';
import { Commands } from '../../../src/daemon/health/check-command.ts';
import { runChecks } from '../../../src/daemon/health/run-checks.ts';
import { CHECKED } from '../../support/checked.ts';
import { keyOf } from '../../support/tables.ts';
import { until } from '../../support/until.ts';

const SERVICE = keyOf('tcp://192.0.2.1:80');
const LONG = 60;
const TARGET: Target = { address: '10.0.0.1', port: 80, from: undefined, timeoutSeconds: LONG };

let folder: string;
let commands: Commands;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-command-'));
  commands = new Commands();
});
afterEach(() => {
  commands.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (argv: readonly string[], target: Partial<Target> = {}) =>
  commands.run({ kind: 'command', argv }, SERVICE, { ...TARGET, ...target });
const shell = (script: string, target: Partial<Target> = {}) =>
  run(['/bin/sh', '-c', script], target);

/** Reads the number of a process that a script has written. */
async function pidIn(name: string): Promise<number> {
  const path = join(folder, name);
  const read = (): number => Number(existsSync(path) ? readFileSync(path, 'utf8') : '');
  await until(`the process of ${name}`, () => read() > 0);
  return read();
}

/** Tells whether a process runs. One that has ended may not be waited for yet. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a command', () => {
  it('is good when its exit code is 0, and bad with any other one', async () => {
    expect(await shell('exit 0')).toEqual({ verdict: 'good', reason: 'exit code 0' });
    expect(await shell('echo "3 replicas"; echo more')).toEqual({
      ...{ verdict: 'good', reason: 'exit code 0: 3 replicas' },
    });
    expect(await shell('echo "no replica" >&2; exit 2')).toEqual({
      ...{ verdict: 'bad', reason: 'exit code 2: no replica' },
    });
    expect(await shell('kill -ABRT $$')).toEqual({ verdict: 'bad', reason: 'killed by SIGABRT' });
  });

  it('has the destination in its environment, and nothing else', async () => {
    const list = async (target: Partial<Target>) => {
      const path = join(folder, 'environment');
      await run(['/bin/cp', '/proc/self/environ', path], target);
      return readFileSync(path, 'utf8').split('\0').filter(Boolean);
    };
    expect(await list({})).toEqual([
      'IPVSTATE_SERVICE=tcp://192.0.2.1:80',
      'IPVSTATE_ADDRESS=10.0.0.1',
      'IPVSTATE_PORT=80',
      'IPVSTATE_FAMILY=ipv4',
    ]);
    expect(await list({ address: '2001:db8::1', from: '2001:db8::9' })).toEqual(
      expect.arrayContaining(['IPVSTATE_FAMILY=ipv6', 'IPVSTATE_FROM=2001:db8::9']),
    );
  });

  it('gets its arguments as they are: no shell reads them', async () => {
    const path = join(folder, 'made');
    const word = `$HOME; touch ${path} \`id\` *`;
    expect(await run(['/bin/echo', word])).toMatchObject({ reason: `exit code 0: ${word}` });
    expect(existsSync(path)).toBe(false);
  });

  it('is killed at the end of its time, with all that it has started', async () => {
    const script = `sleep 1000 & echo $! > ${folder}/child; echo $$ > ${folder}/own; wait`;
    // On a busy machine, a short time can be over before the script has begun.
    for (let timeoutSeconds = 0.25; !existsSync(`${folder}/own`); timeoutSeconds *= 2)
      expect((await shell(script, { timeoutSeconds })).reason).toMatch(/timeout after|too busy/);
    const pids = [await pidIn('child'), await pidIn('own')];
    for (const pid of pids) await until(`the end of ${pid}`, () => !isAlive(pid));
  });

  it('is over when it ends, whatever it leaves behind', async () => {
    const answer = await shell(`sleep 1000 & echo $! > ${folder}/child; echo done`);
    expect(answer).toEqual({ verdict: 'good', reason: 'exit code 0: done' });
    const pid = await pidIn('child');
    await until('the end of the child', () => !isAlive(pid));
    // This one has left the group of the program, and holds its output open.
    const script = `setsid sh -c 'echo $$ > ${folder}/away; exec sleep 1000' & while [ ! -s ${folder}/away ]; do :; done; exit 1`;
    expect(await shell(script)).toEqual({ verdict: 'bad', reason: 'exit code 1' });
    process.kill(await pidIn('away'), 'SIGKILL');
  });

  it('that writes without end is ended', async () => {
    expect(await run(['/usr/bin/yes'])).toEqual({
      ...{ verdict: 'bad', reason: 'the command wrote more than 1 MiB' },
    });
  });

  it('shows the first line of its output, cut to 200 characters', async () => {
    const { reason } = await shell('head -c 100000 /dev/zero | tr "\\0" x; exit 1');
    expect(reason).toBe(`exit code 1: ${'x'.repeat(200)}`);
    expect(await shell('printf "\\377\\n"; exit 1')).toMatchObject({
      reason: 'exit code 1: \ufffd',
    });
    expect(await shell('printf "\\n\\n  late\\tand slow\\r\\n"')).toMatchObject({
      reason: 'exit code 0: late and slow',
    });
  });

  it('that cannot be started says nothing about the destination', async () => {
    const plain = join(folder, 'plain');
    writeFileSync(plain, '#!/bin/sh\n');
    chmodSync(plain, 0o600);
    const absent = 'it does not exist, or the interpreter in its first line does not';
    expect(await run([`${folder}/none`])).toEqual({
      ...{ verdict: 'unknown', reason: `cannot check: ${folder}/none: ${absent}` },
    });
    const lost = join(folder, 'lost');
    writeFileSync(lost, `#!${folder}/none\n`, { mode: 0o700 });
    expect(await run([lost])).toEqual({
      ...{ verdict: 'unknown', reason: `cannot check: ${lost}: ${absent}` },
    });
    expect(await run([plain])).toEqual({
      ...{ verdict: 'unknown', reason: `cannot check: ${plain}: it may not be executed` },
    });
    expect(await run([`${plain}/below`])).toMatchObject({ verdict: 'unknown' });
  });

  it('waits for its turn while ten others run', async () => {
    const [inside, counts, go] = ['inside', 'counts', 'go'].map((name) => join(folder, name));
    const script = [
      ...[`mkdir -p ${inside}; : > ${inside}/$$; ls ${inside} | wc -l >> ${counts}`],
      ...[`while [ ! -e ${go} ]; do sleep 0.02; done; rm ${inside}/$$`],
    ].join('; ');
    const answers = Array.from({ length: 25 }, () => shell(script));
    const read = (): number[] =>
      existsSync(`${counts}`) ? readFileSync(`${counts}`, 'utf8').split('\n').map(Number) : [];
    await until('ten that run', () => read().includes(10));
    writeFileSync(`${go}`, '');
    expect(new Set((await Promise.all(answers)).map(({ verdict }) => verdict))).toEqual(
      new Set(['good']),
    );
    expect(Math.max(...read())).toBe(10);
    expect(read().filter((count) => count > 0)).toHaveLength(25);
  });

  it('is told how long it waited, and does not begin when nobody wants its answer', async () => {
    const go = join(folder, 'go');
    const first = Array.from({ length: 10 }, () =>
      shell(`while [ ! -e ${go} ]; do sleep 0.02; done`),
    );
    const waits: number[] = [];
    const next = (name: string, isWanted: boolean) => {
      const check = { kind: 'command' as const, argv: ['/bin/touch', join(folder, name)] };
      const begunAt = performance.now();
      return commands.run(check, SERVICE, TARGET, (seconds) => {
        waits.push(seconds, (performance.now() - begunAt) / 1000);
        return isWanted;
      });
    };
    const answers = [next('unwanted', false), next('wanted', true)];
    expect(waits).toEqual([]);
    writeFileSync(go, '');
    await Promise.all(first);
    expect((await Promise.all(answers)).map(({ verdict }) => verdict)).toEqual(['unknown', 'good']);
    expect(['unwanted', 'wanted'].map((name) => existsSync(join(folder, name)))).toEqual([
      ...[false, true],
    ]);
    const [waited = 0, measured = 0] = waits;
    expect(waited).toBeGreaterThan(0);
    expect(waited).toBeLessThanOrEqual(measured);
  });

  it('ends, and no other one begins, when commands are stopped', async () => {
    const answer = shell(`echo $$ > ${folder}/own; sleep 1000`);
    const pid = await pidIn('own');
    commands.stop();
    expect(await answer).toMatchObject({ verdict: 'unknown' });
    await until('the end of the program', () => !isAlive(pid));
    expect(await shell('exit 0')).toMatchObject({ verdict: 'unknown' });
  });
});

it('a command that may not be run leaves the other checks as they are', async () => {
  const command = { kind: 'command' as const, argv: ['/bin/false'] };
  const destination = { address: '127.0.0.1', port: 1 };
  const check = (checks: typeof CHECKED.checks, own?: Commands) =>
    runChecks({ ...CHECKED, checks, timeoutSeconds: LONG }, destination, SERVICE, own);
  expect(await check([command])).toEqual({
    ...{ verdict: 'unknown', reason: 'the command is not run without --allow-commands' },
  });
  expect(await check([{ kind: 'tcp' }, command])).toMatchObject({
    ...{ verdict: 'bad', reason: 'connection refused' },
  });
  expect(await check([command], commands)).toMatchObject({ reason: 'exit code 1' });
});
