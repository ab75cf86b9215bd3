import { describe, expect, it } from 'vitest';
import { type Workspace, workspace } from './workspace.ts';

const service = (port: number, ...destinations: readonly string[]): string =>
  `  - { address: "tcp://192.0.2.1:${port}", destinations: [${destinations.join(', ')}] }\n`;

const config = (...services: readonly string[]): string =>
  services.length === 0
    ? 'version: 1\nservices: []\n'
    : `version: 1\nservices:\n${services.join('')}`;

/** Three services with two destinations each. */
const LIVE = config(...[80, 81, 82].map((port) => service(port, '10.0.0.1', '10.0.0.2')));

interface Case {
  readonly guard: string;
  readonly desired: string;
  readonly message: string;
  readonly flags: readonly string[];
}

const CASES: readonly Case[] = [
  {
    guard: 'empty',
    desired: config(),
    message: 'the plan leaves no service at all; the live table has 3',
    flags: ['--allow-empty'],
  },
  {
    guard: 'max_service_deletes',
    desired: config(service(80, '10.0.0.1', '10.0.0.2')),
    message: 'the plan deletes 2 of 3 services; 1 is allowed',
    flags: ['--max-service-deletes 2', '--max-service-deletes 67%', '--max-service-deletes off'],
  },
  {
    guard: 'unserved',
    desired: config(
      service(80, '10.0.0.1', '10.0.0.2'),
      service(81, '10.0.0.1', '10.0.0.2'),
      service(82, '{ address: 10.0.0.1, weight: 0 }'),
    ),
    message: 'the plan leaves 1 served service without a usable destination',
    flags: ['--allow-unserved'],
  },
  {
    guard: 'max_destination_deletes',
    desired: `limits: { max_destination_deletes: 1 }\n${config(...[80, 81, 82].map((port) => service(port, '10.0.0.1')))}`,
    message: 'the plan deletes 3 of 6 destinations; 1 is allowed',
    flags: [
      '--max-destination-deletes 3',
      '--max-destination-deletes 50%',
      '--max-destination-deletes off',
    ],
  },
];

const files = ({ desired }: Case): Workspace =>
  workspace({ 'live.yaml': LIVE, 'desired.yaml': desired });

describe.each(CASES)('the guard $guard', (given) => {
  const { guard, message, flags } = given;

  it.each(['plan', 'apply'])(
    'refuses %s with numbers and the option that allows it, and keeps the table',
    async (verb) => {
      const { run, read } = files(given);
      const { status, stdout } = await run(`${verb} -f ./desired.yaml --table ./live.yaml`);
      expect(status).toBe(3);
      expect(stdout).toContain(`refused by guard ${guard}: ${message}\n`);
      expect(stdout).toContain(`    If that is what you want: ${flags[0]}\n`);
      expect(read('live.yaml')).toBe(LIVE);
    },
  );

  it('has its refusal in the JSON of plan and apply', async () => {
    const { run } = files(given);
    const plan = await run('plan -f ./desired.yaml --table ./live.yaml -o json');
    expect(plan.status).toBe(3);
    expect(JSON.parse(plan.stdout).refusals).toMatchObject([{ guard, message, flag: flags[0] }]);
    const report = await run('apply -f ./desired.yaml --table ./live.yaml -o json');
    expect(report.status).toBe(3);
    expect(JSON.parse(report.stdout)).toMatchObject({
      outcome: 'refused',
      exit_code: 3,
      operations_done: 0,
      refusals: [{ guard, message }],
    });
  });

  it('prints its refusal on stderr when stdout has ipvsadm lines', async () => {
    const { stderr, status } = await files(given).run(
      'plan -f ./desired.yaml --table ./live.yaml -o ipvsadm',
    );
    expect({ status, stderr }).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(message),
    });
  });

  it.each(flags)('lets the plan pass with %s', async (flag) => {
    const { run } = files(given);
    expect(await run(`plan -f ./desired.yaml --table ./live.yaml ${flag}`)).toMatchObject({
      status: 0,
    });
    expect(await run(`apply -f ./desired.yaml --table ./live.yaml ${flag} -q`)).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(await run('check -f ./desired.yaml --table ./live.yaml')).toMatchObject({ status: 0 });
  });

  it('keeps plan --save from writing a refused plan', async () => {
    const { run, read } = files(given);
    const { status, stderr } = await run(
      'plan -f ./desired.yaml --table ./live.yaml --save ./plan.json',
    );
    expect(status).toBe(3);
    expect(stderr).toContain('Not saved: apply would refuse it.\n');
    expect(() => read('plan.json')).toThrow('ENOENT');
  });
});

describe('the limits of guards', () => {
  it.each(['-1', '1.5', '101%', '30%%', 'none', '1e3', ''])(
    'refuses the limit %j as a usage error',
    async (limit) => {
      const { run, read } = workspace({ 'live.yaml': LIVE, 'desired.yaml': config() });
      const { status, stderr } = await run([
        'apply',
        '-f',
        './desired.yaml',
        '--table',
        './live.yaml',
        '--max-service-deletes',
        limit,
      ]);
      expect(status).toBe(64);
      expect(stderr).toContain('Expected a number, a percentage such as 30%, or off.');
      expect(read('live.yaml')).toBe(LIVE);
    },
  );

  it('prefers the limit of the command line to a higher one in the file', async () => {
    const { run } = workspace({
      'live.yaml': LIVE,
      'desired.yaml': `limits: { max_service_deletes: off }\n${config(service(80, '10.0.0.1', '10.0.0.2'))}`,
    });
    expect(await run('plan -f ./desired.yaml --table ./live.yaml')).toMatchObject({ status: 0 });
    expect(
      await run('plan -f ./desired.yaml --table ./live.yaml --max-service-deletes 1'),
    ).toMatchObject({ status: 3 });
  });

  it('ignores environment variables that look like switches', async () => {
    const env = { IPVSTATE_ALLOW_EMPTY: '1', IPVSTATE_FORCE: '1', FORCE: '1', ALLOW_EMPTY: '1' };
    const { run } = workspace({ 'live.yaml': LIVE, 'desired.yaml': config() });
    expect(await run('apply -f ./desired.yaml --table ./live.yaml --yes', { env })).toMatchObject({
      status: 3,
    });
    expect(await run('apply -f ./desired.yaml --table ./live.yaml --force')).toMatchObject({
      status: 64,
    });
  });
});
