import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, it } from 'vitest';
import schema from '../../schemas/journal.schema.json' with { type: 'json' };
import { IpvstateError } from '../../src/errors.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { takeLock } from '../../src/recovery/lock.ts';
import { type MisbehavingTable, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { type TemporaryState, temporaryState } from '../support/temporary-state.ts';

let state: TemporaryState;
let kernel: MisbehavingTable;
beforeEach(() => {
  state = temporaryState();
  kernel = openMisbehavingTable(tableOf({}));
});

const run = (line: string, options: CliOptions = {}): Promise<CliResult> =>
  runCli(line.split(' '), { state, openKernel: async () => kernel, ...options });
const services = (): string[] => [...kernel.table().services.keys()];
const holdLock = () => takeLock(state.lockPath, { command: 'ipvstate apply', clock: state.clock });

const isLine = new Ajv({ strict: false, formats: { 'date-time': true } }).compile(schema);

function journal(): Record<string, unknown>[] {
  const path = join(state.folders.state, 'journal.jsonl');
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((text) => {
    const line = JSON.parse(text);
    expect({ line, isValid: isLine(line), errors: isLine.errors }).toMatchObject({ isValid: true });
    return line;
  });
}

const RULES = '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m\n';
const WRITES = [
  ['ipvsadm -A -t 192.0.2.1:80', ''],
  ['ipvsadm -R', RULES],
  ['ipvsadm-restore', RULES],
] as const;

describe('a tool that ipvstate replaces, beside another writer', () => {
  it.each(WRITES)('waits for the lock: %s', async (line, stdin) => {
    const lock = await holdLock();
    const sleep = state.clock.sleep.bind(state.clock);
    state.clock.sleep = async (milliseconds) => {
      await sleep(milliseconds);
      expect(services()).toEqual([]);
      if (state.clock.seconds > 5010) await lock.release();
    };
    expect(await run(line, { stdin })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(services()).toEqual(['tcp://192.0.2.1:80']);
  });

  it.each(WRITES)('fails as a refused change when it has waited: %s', async (line, stdin) => {
    const lock = await holdLock();
    const env = { IPVSTATE_LOCK_TIMEOUT: '1s' };
    const { status, stdout, stderr } = await run(line, { stdin, env });
    expect({ status, stdout }).toEqual({ status: 255, stdout: '' });
    expect(stderr).toMatch(
      /^another ipvstate is writing .* \(ipvstate apply\), since .*; nothing was/,
    );
    expect(stderr).toContain('IPVSTATE_LOCK_TIMEOUT=2m');
    expect(services()).toEqual([]);
    await lock.release();
  });

  it('waits for 30 seconds, or as long as IPVSTATE_LOCK_TIMEOUT says', async () => {
    const lock = await holdLock();
    const sleep = state.clock.sleep.bind(state.clock);
    // Time passes ten times as fast, because each look at the lock starts a program.
    state.clock.sleep = (milliseconds) => sleep(10 * milliseconds);
    expect(await run('ipvsadm -C')).toMatchObject({ status: 255 });
    expect(state.clock.seconds).toBeGreaterThanOrEqual(5030);
    expect(state.clock.seconds).toBeLessThan(5032);
    const env = { IPVSTATE_LOCK_TIMEOUT: '5s' };
    expect(await run('ipvsadm -C', { env })).toMatchObject({ status: 255 });
    expect(state.clock.seconds).toBeLessThan(5038);
    expect(await run('ipvsadm -C', { env: { IPVSTATE_LOCK_TIMEOUT: 'soon' } })).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('IPVSTATE_LOCK_TIMEOUT is "soon"'),
    });
    await lock.release();
  });

  it.each(['-L -n', '-S', '-L --timeout', '-L --daemon', '-h', '-v', '-A -t nowhere', '-X'])(
    'never waits when it writes nothing: ipvsadm %s',
    async (options) => {
      const lock = await holdLock();
      const { stderr } = await run(`ipvsadm ${options}`);
      expect(stderr).not.toContain('another ipvstate');
      expect(state.clock.seconds).toBe(5000);
      await lock.release();
    },
  );

  it('never waits for a script that only lists', async () => {
    const lock = await holdLock();
    expect(await run('ipvsadm -R', { stdin: '-L -n\n' })).toMatchObject({ status: 0, stderr: '' });
    await lock.release();
  });
});

describe('a tool that ipvstate replaces, while a try waits to be confirmed', () => {
  const file =
    'version: 1\nservices: [{ address: "tcp://192.0.2.1:80", destinations: [WEIGHTS] }]\n';
  const withWeights = (...weights: number[]) =>
    file.replace(
      'WEIGHTS',
      weights
        .map((weight, index) => `{ address: 10.0.0.${index + 1}, weight: ${weight} }`)
        .join(', '),
    );
  const weights = () =>
    [...kernel.table().services.values()].flatMap(({ destinations }) =>
      [...destinations.values()].map(({ key, weight }) => [key, weight]),
    );

  it('changes the table as ipvsadm does, and the end of the try leaves its changes alone', async () => {
    await run('apply -f -', { stdin: withWeights(1, 1) });
    await run('try -f - --timeout 30s --no-wait', { stdin: withWeights(5, 5) });
    expect(await run('ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.1:80 -w 9')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const { status, stdout, stderr } = await run('rollback');
    expect(weights()).toEqual([
      ['10.0.0.1:80', 9],
      ['10.0.0.2:80', 1],
    ]);
    expect(status).toBe(6);
    expect(stdout + stderr).toContain('10.0.0.1:80');
  });
});

describe('the journal', () => {
  it.each(WRITES)('has what was done: %s', async (line, stdin) => {
    await run(line, { stdin });
    const lines = journal();
    const waves = lines.filter(({ type }) => type === 'wave');
    const operations = waves.flatMap((wave) => wave.operations as unknown[]);
    expect(lines.map(({ type }) => type)).toEqual([
      'begin',
      ...lines.slice(1, -1).map(() => expect.stringMatching(/^(wave|outcomes)$/)),
      'end',
    ]);
    expect(lines[0]).toMatchObject({
      verb: line.split(' ')[0],
      trigger: 'command',
      operations: operations.length,
    });
    expect(operations).toContainEqual(
      expect.objectContaining({ operation: 'add-service tcp://192.0.2.1:80' }),
    );
    expect(lines.at(-1)).toMatchObject({ outcome: 'applied', exit_code: 0 });
  });

  it('has the settings of a short run, and only the names of a long one', async () => {
    await run('ipvsadm -A -f 1 -s rr');
    const rules = (count: number) =>
      Array.from({ length: count }, (_, mark) => `-A -f ${mark + 2} -s rr\n`).join('');
    await run('ipvsadm -R', { stdin: rules(1001) });
    const waves = journal().filter(({ type }) => type === 'wave');
    expect(waves[0]).toMatchObject({
      operations: [{ operation: 'add-service fwmark:1', after: { scheduler: 'rr' } }],
    });
    const [first] = waves.slice(1).flatMap(({ operations }) => operations as unknown[]);
    expect(first).toEqual({ operation: 'add-service fwmark:2' });
  });

  it('has what an edit or a delete changes, which is read before', async () => {
    const script =
      '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m\n-A -f 7 -s wlc\n';
    await run('ipvsadm -R', { stdin: script });
    const before = journal().length;
    await run('ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 9');
    await run('ipvsadm -D -t 192.0.2.1:80');
    await run('ipvsadm -C');
    const lines = journal().slice(before);
    const waves = lines.filter(({ type }) => type === 'wave');
    expect(waves.flatMap(({ operations }) => operations)).toMatchObject([
      { before: { weight: 1 }, after: { weight: 9 }, unchanged: { forward: 'masq' } },
      {
        before: { scheduler: 'rr', destinations: 1 },
        deleted: [
          {
            key: 'tcp://192.0.2.1:80',
            scheduler: 'rr',
            destinations: [{ key: '10.0.0.1:80', forward: 'masq', weight: 9 }],
          },
        ],
      },
      { operation: 'flush', deleted: [{ key: 'fwmark:7', destinations: [] }] },
    ]);
  });

  it('has an edit without its earlier settings when they cannot be read', async () => {
    await run('ipvsadm -A -f 7 -s wlc');
    const mute: Ipvs = {
      ...kernel,
      read: () => Promise.reject(new IpvstateError('LOST', 'no reply came within 5 s')),
    };
    const edit = await run('ipvsadm -E -f 7 -s rr', { openKernel: async () => mute });
    expect(edit).toEqual({ status: 0, stdout: '', stderr: '' });
    const wave = journal().findLast(({ type }) => type === 'wave');
    expect(wave).toMatchObject({ operations: [{ operation: 'edit-service fwmark:7' }] });
    expect(JSON.stringify(wave)).not.toContain('before');
  });

  it('has what the kernel refused', async () => {
    await run('ipvsadm -D -t 192.0.2.1:80');
    expect(journal().slice(-2)).toMatchObject([
      { done: 0, refused: [{ operation: 1, errno: 'ESRCH' }] },
      { outcome: 'partial', exit_code: 255 },
    ]);
  });

  it('has nothing of a listing', async () => {
    await run('ipvsadm -L -n');
    expect(journal()).toEqual([]);
  });

  it('ends a run that was cut off, without a word', async () => {
    await run('ipvsadm -A -f 1');
    const path = join(state.folders.state, 'journal.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/\{[^\n]*"type":"end"[^\n]*\n/, ''));
    expect(await run('ipvsadm -A -f 2')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(journal().filter(({ type }) => type === 'end')).toMatchObject([
      { outcome: 'cut-off' },
      { outcome: 'applied' },
    ]);
  });
});

describe('a signal', () => {
  const MANY = Array.from({ length: 1000 }, (_, mark) => `-A -f ${mark + 1}\n`).join('');

  /** Sends the signal while the first wave is executed. */
  function interrupted(): CliOptions {
    const controller = new AbortController();
    const stopping: Ipvs = {
      ...kernel,
      execute: async (wave) => {
        const refused = await kernel.execute(wave);
        controller.abort(130);
        return refused;
      },
    };
    return { openKernel: async () => stopping, signal: controller.signal, stdin: MANY };
  }

  it('stops ipvsadm -R between two waves, without a word, and the journal has an end', async () => {
    const options = interrupted();
    expect(await run('ipvsadm -R', options)).toEqual({ status: 130, stdout: '', stderr: '' });
    expect(services()).toHaveLength(330);
    expect(journal().at(-1)).toMatchObject({ type: 'end', exit_code: 130 });
  });

  it('stops ipvsadm-restore, which rolls back what it has done', async () => {
    const options = interrupted();
    expect(await run('ipvsadm-restore', options)).toMatchObject({ status: 130, stdout: '' });
    expect(journal().at(-1)).toMatchObject({ type: 'end', exit_code: 130 });
  });

  it('does not hide the status of a single change that is done', async () => {
    const options = { ...interrupted(), stdin: '' };
    expect(await run('ipvsadm -A -f 7', options)).toMatchObject({ status: 0 });
    expect(services()).toEqual(['fwmark:7']);
  });

  it('frees the lock', async () => {
    await run('ipvsadm -R', interrupted());
    expect(await run('ipvsadm -C')).toMatchObject({ status: 0 });
    expect(state.clock.seconds).toBe(5000);
  });
});
