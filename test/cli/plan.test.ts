import { describe, expect, it } from 'vitest';
import { DONE, LIVE, SHOP, shop } from './workspace.ts';

const CHANGES = `  tcp://192.0.2.10:443 "shop"
    + 10.1.0.12:443  masq, weight 3
    - 10.1.0.13:443
`;

describe('plan', () => {
  it('shows the differences and changes neither the table nor the files', async () => {
    const { run, read } = shop();
    expect(await run('plan -f ./shop.yaml --table ./live.save')).toEqual({
      status: 0,
      stdout: `${CHANGES}\nPlan: 1 destination to add, 1 destination to delete (2 operations).\n`,
      stderr: '',
    });
    expect([read('shop.yaml'), read('live.save')]).toEqual([SHOP, LIVE]);
  });

  it('prints the size of the table when there are no changes', async () => {
    const { run } = shop({ 'live.save': DONE });
    expect(await run('plan -f ./shop.yaml --table ./live.save')).toEqual({
      status: 0,
      stdout: 'No changes: the live table is as desired (1 service, 2 destinations).\n',
      stderr: '',
    });
  });

  it('prints ipvsadm lines that lead to the desired table', async () => {
    const { run, write, read } = shop();
    const { status, stdout } = await run('plan -f ./shop.yaml --table ./live.save -o ipvsadm');
    expect(status).toBe(0);
    expect(stdout).toBe(
      'ipvsadm -a -t 192.0.2.10:443 -r 10.1.0.12:443 -m -w 3\nipvsadm -d -t 192.0.2.10:443 -r 10.1.0.13:443\n',
    );
    await run('apply -f ./shop.yaml --table ./live.save');
    write('script.sh', `${LIVE}${stdout.replaceAll('ipvsadm ', '')}`);
    expect(await run('import ./script.sh -o save')).toMatchObject({ stdout: read('live.save') });
  });

  it('prints Markdown with the signs in the first column of a diff block', async () => {
    const { run } = shop();
    expect(await run('plan -f ./shop.yaml --table ./live.save -o markdown')).toMatchObject({
      status: 0,
      stdout: `### IPVS plan: 1 destination to add, 1 destination to delete

\`\`\`diff
  tcp://192.0.2.10:443 "shop"
+     10.1.0.12:443  masq, weight 3
-     10.1.0.13:443
\`\`\`
`,
    });
  });

  it('prints Markdown for a plan without changes and for a refused plan', async () => {
    const { run } = shop({ 'none.yaml': 'version: 1\nservices: []\n', 'done.save': DONE });
    expect((await run('plan -f ./shop.yaml --table ./done.save -o markdown')).stdout).toBe(
      '### IPVS plan: no changes\n',
    );
    const refused = await run('plan -f ./none.yaml --table ./live.save -o markdown');
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain('> **Refused** by guard `empty`');
  });

  it('cuts a huge Markdown plan by characters, shows deletions first and sums up the rest', async () => {
    const { run, write } = shop({ 'live.save': '-A -t 203.0.113.9:9 -s rr\n' });
    const services = Array.from({ length: 2000 }, (_, index) => ({
      name: `a service with a rather long name, number ${index + 1}`,
      address: `tcp://192.0.2.1:${index + 1}`,
      destinations: ['10.0.0.1'],
    }));
    write('many.json', JSON.stringify({ version: 1, services }));
    const { stdout } = await run('plan -f ./many.json --table ./live.save -o markdown');
    expect(stdout.length).toBeLessThan(60_000);
    expect(stdout.length).toBeGreaterThan(45_000);
    expect(stdout).toContain(
      '```diff\n- tcp://203.0.113.9:9  rr  it has no destinations  live.save:1\n+ tcp:',
    );
    const shown = stdout.match(/^\+ /gm) ?? [];
    const [, missing] = /^\.\.\. not shown: (\d+) .*\n```\n$/m.exec(stdout) ?? [];
    expect(shown.length).toBeGreaterThan(100);
    expect(stdout).toContain('### IPVS plan: 2000 services to add');
    expect(Number(missing)).toBeGreaterThanOrEqual(1000);
    expect(stdout.match(/"a service/g)?.length).toBeLessThanOrEqual(2000 - Number(missing) + 1);
  });

  it('shows a Markdown plan of 400 services as a whole', async () => {
    const { run, write } = shop({ 'live.save': '-A -t 203.0.113.9:9 -s rr\n' });
    const services = Array.from({ length: 400 }, (_, index) => ({
      address: `tcp://192.0.2.1:${index + 1}`,
      destinations: ['10.0.0.1'],
    }));
    write('many.json', JSON.stringify({ version: 1, services }));
    const { stdout } = await run('plan -f ./many.json --table ./live.save -o markdown');
    expect(stdout).not.toContain('not shown');
    expect(stdout.match(/^\+ /gm)).toHaveLength(800);
  });

  it.each([
    { found: 'differences', live: LIVE, status: 2 },
    { found: 'no differences', live: DONE, status: 0 },
  ])(
    'exits $status with --detailed-exitcode when there are $found, and 0 without it',
    async ({ live, status }) => {
      const { run } = shop({ 'live.save': live });
      expect(
        await run('plan -f ./shop.yaml --table ./live.save --detailed-exitcode'),
      ).toMatchObject({ status, stderr: '' });
      expect(await run('plan -f ./shop.yaml --table ./live.save')).toMatchObject({ status: 0 });
    },
  );
});

describe('--only', () => {
  const two = `${SHOP}  - { name: dns, address: "udp://192.0.2.53:53", destinations: [10.1.0.53] }\n`;

  it.each(['shop', 'tcp://192.0.2.10:443', 'tcp:*', '*ho*', '*:443'])(
    'selects one of two services by %s',
    async (selector) => {
      const { run } = shop({ 'two.yaml': two });
      const { status, stdout } = await run([
        'plan',
        '-f',
        './two.yaml',
        '--table',
        './live.save',
        '--only',
        selector,
      ]);
      expect(status).toBe(0);
      expect(stdout).toBe(
        `${CHANGES}\nPlan: 1 destination to add, 1 destination to delete (2 operations).\n`,
      );
    },
  );

  it('selects two services when it is given twice', async () => {
    const { run } = shop({ 'two.yaml': two });
    const { stdout } = await run('plan -f ./two.yaml --table ./live.save --only shop --only dns');
    expect(stdout).toContain('+ udp://192.0.2.53:53 "dns"');
    expect(stdout).toContain('+ 10.1.0.12:443');
  });

  it('makes apply leave all other services alone', async () => {
    const { run, read } = shop({
      'dns.yaml':
        'version: 1\nservices: [{ address: "udp://192.0.2.53:53", destinations: [10.1.0.53] }]\n',
    });
    expect(await run('apply -f ./dns.yaml --table ./live.save --only udp:*')).toMatchObject({
      status: 0,
    });
    expect(read('live.save')).toBe(
      `${LIVE}-A -u 192.0.2.53:53 -s wlc\n-a -u 192.0.2.53:53 -r 10.1.0.53:53 -g -w 1\n`,
    );
  });

  it.each(['plan', 'apply', 'check'])(
    'is a usage error of %s when it selects no service',
    async (verb) => {
      const { run, read } = shop();
      const { status, stdout, stderr } = await run(
        `${verb} -f ./shop.yaml --table ./live.save --only shp`,
      );
      expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
      expect(stderr).toMatch(
        /^ipvstate: --only shp matches no service, desired or live\n {4}Write it as in the plan/,
      );
      expect(read('live.save')).toBe(LIVE);
    },
  );

  it('takes the characters of regular expressions literally', async () => {
    const { run } = shop();
    expect(
      await run([
        'plan',
        '-f',
        './shop.yaml',
        '--table',
        './live.save',
        '--only',
        'tcp://192.0.2.10.443',
      ]),
    ).toMatchObject({
      status: 64,
    });
    expect(
      await run(['plan', '-f', './shop.yaml', '--table', './live.save', '--only', '(shop']),
    ).toMatchObject({ status: 64 });
  });
});
