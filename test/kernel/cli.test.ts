import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { examples } from '../support/examples.ts';
import { asIpvsadmSaves, linesOf } from '../support/real-save.ts';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';
import { shell } from './real-programs.ts';

const ipvsadm = async (args: string, stdin = ''): Promise<string> =>
  (await shell.run('ipvsadm', args.split(' '), { stdin })).stdout;
const ip = (args: string) => shell.run('ip', args.split(' '));
const run = (argv: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  runCli(argv, { openKernel, ...options });

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function clear(): Promise<void> {
  await ipvsadm('-C');
  await ipvsadm('--set 900 120 300');
  for (const role of ['master', 'backup']) await ipvsadm(`--stop-daemon ${role}`);
}
beforeEach(clear);
afterEach(clear);

describe.each(examples())('example $name in the kernel', ({ config, live, after }) => {
  it('leads to after.save in the listing of ipvsadm, and then to no changes', async () => {
    await ipvsadm('-R', readFileSync(live, 'utf8'));

    expect(await run(['apply', '-f', config, '--yes'])).toMatchObject({ status: 0, stderr: '' });

    expect(linesOf(await ipvsadm('-Sn'))).toEqual(asIpvsadmSaves(readFileSync(after, 'utf8')));
    expect((await run(['export', '-o', 'save', '--quiet'])).stdout).toBe(
      readFileSync(after, 'utf8'),
    );
    expect(await run(['plan', '-f', config, '--detailed-exitcode'])).toMatchObject({ status: 0 });
  });
});

describe('the export', () => {
  it('with every attribute is byte for byte the same after an apply to an empty table', async () => {
    const file = join(folder, 'export.yaml');
    await run([
      'apply',
      '-f',
      'examples/every-attribute/config.yaml',
      '--only',
      'shop',
      '--only',
      '*calls',
      '--only',
      '*:*',
    ]);
    await ip('link add sync0 type dummy');
    await ip('link set sync0 up');
    await ipvsadm('-d -t 192.0.2.40:80 -r [2001:db8:1::44]:80');
    await ipvsadm(
      '--start-daemon backup --mcast-interface sync0 --syncid 9 --sync-maxlen 1500 --mcast-group 224.0.0.99 --mcast-port 9000 --mcast-ttl 3',
    );
    await ipvsadm('--set 1000 200 30');

    const exported = await run(['export']);
    writeFileSync(file, exported.stdout);
    expect(exported.stdout).toContain('sync_daemons:\n  - { role: backup');
    await clear();
    expect(await run(['apply', '-f', file])).toMatchObject({ status: 0, stderr: '' });

    expect((await run(['export'])).stdout).toBe(exported.stdout);
    const json = await run(['export', '-o', 'json']);
    expect(await run(['check', '-f', '-'], { stdin: json.stdout })).toMatchObject({ status: 0 });
    await clear();
    await ip('link delete sync0');
  });

  it('warns of settings that the save format cannot hold', async () => {
    await ipvsadm('--set 1000 0 0');
    const { stdout, stderr } = await run(['export', '-o', 'save']);
    expect(stdout).toBe('');
    expect(stderr).toContain('the save format cannot hold');
  });
});

describe('a failure of an apply:', () => {
  const small =
    'version: 1\nservices: [{ address: "tcp://192.0.2.1:80", scheduler: SCHED, destinations: [127.0.0.1] }]\n';

  it('a scheduler that the kernel lacks is named, exits 69 and leaves no entry behind', async () => {
    const result = await run(['apply', '-f', '-'], { stdin: small.replace('SCHED', 'wlcc') });
    expect(result.status).toBe(69);
    expect(result.stdout).toContain('scheduler "wlcc"');
    expect(await ipvsadm('-Sn')).toBe('');
  });

  it('an operation that the kernel refuses is rolled back with all others, and exits 5', async () => {
    await ipvsadm('-A -t 192.0.2.9:80 -s rr');
    // The file alone does not show that this is the broadcast address of a local network.
    await ip('address add 10.99.0.1/24 dev lo');
    const config = small.replace('SCHED', 'rr').replace('127.0.0.1', '127.0.0.1, 10.99.0.255');
    const result = await run(['apply', '-f', '-', '--on-error', 'rollback'], { stdin: config });
    expect(result.stdout).toContain('Rolled back');
    expect(result.status).toBe(5);
    expect(await ipvsadm('-Sn')).toBe('-A -t 192.0.2.9:80 -s rr\n');
    const stopped = await run(['apply', '-f', '-', '--on-error', 'stop', '-o', 'json'], {
      stdin: config,
    });
    expect(stopped.status).toBe(6);
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      outcome: 'partial',
      exit_code: 6,
      failures: [{ kind: 'add-destination' }],
    });
    await ip('address delete 10.99.0.1/24 dev lo');
  });

  it('a saved plan is stale after another program has changed the table', async () => {
    const plan = join(folder, 'plan.json');
    const file = join(folder, 'small.yaml');
    writeFileSync(file, small.replace('SCHED', 'rr'));
    expect(await run(['plan', '-f', file, '--save', plan])).toMatchObject({ status: 0 });
    await ipvsadm('-A -t 192.0.2.7:80');
    const stale = await run(['apply', plan]);
    expect(stale).toMatchObject({ status: 4, stdout: '' });
    expect(stale.stderr).toContain('tcp://192.0.2.7:80 was added to the live table');
    await ipvsadm('-D -t 192.0.2.7:80');
    expect(await run(['apply', plan])).toMatchObject({ status: 0 });
    expect(await ipvsadm('-Sn')).toBe(
      '-A -t 192.0.2.1:80 -s rr\n-a -t 192.0.2.1:80 -r 127.0.0.1:80 -g -w 1\n',
    );
  });
});
