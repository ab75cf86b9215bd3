import { describe, expect, it } from 'vitest';
import { HEALTHY, machineOf, program, type Tree } from '../doctor/machine.ts';
import { NETWORK_CASES } from '../doctor/network-cases.ts';
import { RESOURCE_CASES } from '../doctor/resource-cases.ts';
import { SYSCTL_CASES } from '../doctor/sysctl-cases.ts';
import { LIVE, SHOP, workspace } from './workspace.ts';

const FORWARDS_NOTHING: Tree = {
  '/proc/sys/net/ipv4/ip_forward': '0\n',
  '/proc/sys/net/ipv4/conf/all/forwarding': '0\n',
  '/proc/sys/net/ipv4/conf/eth0/forwarding': '0\n',
  '/proc/sys/net/ipv4/conf/eth1/forwarding': '0\n',
};

const BAD = 'version: 9\nservices: []\n';

/** A workspace with SHOP in shop.yaml, and a machine that has the file as well. */
function shopOn(changes: Tree = {}) {
  const space = workspace({ 'shop.yaml': SHOP, 'live.save': LIVE, 'bad.yaml': BAD });
  const files = { [space.path('shop.yaml')]: SHOP, [space.path('bad.yaml')]: BAD };
  const machine = machineOf({ ...files, ...changes });
  return { ...space, run: (line: string) => space.run(line, { machine }), machine };
}

describe('doctor as text', () => {
  it('begins with the sum, and names the worst finding first, with reason and command', async () => {
    const { run } = shopOn({ ...FORWARDS_NOTHING, ...program(88, 'keepalived') });
    const { status, stdout, stderr } = await run('doctor -f ./shop.yaml');
    expect({ status, stderr }).toEqual({ status: 69, stderr: '' });
    expect(stdout).toMatch(
      /^Cannot work as it is: 1 failure, 1 warning, \d+ ok \(-v shows them\)\.\n\n/,
    );
    expect(stdout).toContain(`cannot work: forwarding: net.ipv4.ip_forward is 0
    The answers of 10.1.0.11:443, 10.1.0.12:443 (masq) come to this machine,
    which has to pass them on to the clients. It drops them.
      sysctl -w net.ipv4.ip_forward=1

warning: other writers: keepalived (pid 88) runs in this network namespace
`);
  });

  it('says in one line that all is well, and shows what is well with -v', async () => {
    const { run } = shopOn();
    const brief = await run('doctor -f ./shop.yaml');
    expect(brief.status).toBe(0);
    expect(brief.stdout).toMatch(/^All is well: \d+ ok \(-v shows them\)\.\n$/);
    const { stdout } = await run('doctor -f ./shop.yaml -v');
    const count = Number(/^All is well: (\d+) ok\.\n/.exec(stdout)?.[1]);
    expect(stdout.match(/^ok: /gm)).toHaveLength(count);
    expect(stdout).toContain('\nok: IPVS: version 1.2.1 is loaded, with 1 service\n');
  });

  it('says that without files only the general checks are made', async () => {
    const { stdout, status } = await shopOn(FORWARDS_NOTHING).run('doctor');
    expect(status).toBe(0);
    expect(stdout).toContain(
      '\nThere are no files: only what concerns every configuration was checked.\n',
    );
    expect(stdout).not.toContain('forwarding');
  });

  it('reads a configuration from stdin', async () => {
    const { run } = workspace();
    const machine = machineOf(FORWARDS_NOTHING);
    const { status, stdout } = await run('doctor -f -', { machine, stdin: SHOP });
    expect(status).toBe(69);
    expect(stdout).toContain('net.ipv4.ip_forward is 0');
  });

  it('leaves the kernel out with --table', async () => {
    const { run } = shopOn(FORWARDS_NOTHING);
    const { status, stdout } = await run('doctor -f ./shop.yaml --table ./live.save -v');
    expect(status).toBe(0);
    expect(stdout).toContain('\nNothing was asked about this machine, because of --table.\n');
    expect(stdout.match(/^ok: .*?:/gm)).toEqual(['ok: Node.js:', 'ok: files:']);
    expect((await run('doctor --table ./gone.save')).status).toBe(66);
    expect((await run('doctor --table ./bad.yaml')).status).toBe(65);
  });

  it('shows what it found of the machine before the issues of invalid files', async () => {
    const { run } = shopOn(program(88, 'keepalived'));
    const { status, stdout } = await run('doctor -f ./bad.yaml');
    expect(status).toBe(65);
    expect(stdout).toContain('checks that need them were left out. See below.');
    const warning = stdout.indexOf('warning: other writers');
    const issue = stdout.indexOf('bad.yaml:1:10: error VERSION');
    expect(warning).toBeGreaterThan(0);
    expect(issue).toBeGreaterThan(warning);
  });

  it.each(['bad', 'gone'])(
    'does not say that all is well beside files that are %s',
    async (name) => {
      const { stdout } = await shopOn().run(`doctor -f ./${name}.yaml`);
      expect(stdout).toMatch(/^Look at this: \d+ ok/);
    },
  );

  it('has no line of more than 80 columns that is no command and no single word', async () => {
    for (const { machine, options = {} } of [
      ...NETWORK_CASES,
      ...SYSCTL_CASES,
      ...RESOURCE_CASES,
    ]) {
      const { run, path } = workspace({ 'ipvs.yaml': options.config ?? SHOP });
      const file = { [path('ipvs.yaml')]: { text: '', ...options.configFile } };
      const all = machineOf({ ...file, ...machine }, options);
      const { stdout } = await run('doctor -f ./ipvs.yaml -v', { machine: all });
      const long = stdout.split('\n').filter((line) => line.length > 80);
      expect(long.filter((line) => line.trim().includes(' ') && !/^ {6}\S/.test(line))).toEqual([]);
    }
  });

  it('says once what several checks do not know, in lines of at most 80 columns', async () => {
    const hidden = Object.keys(HEALTHY).filter((path) => path.startsWith('/proc/sys/'));
    const { run } = shopOn(Object.fromEntries(hidden.map((path) => [path, undefined])));
    const { status, stdout } = await run('doctor -f ./shop.yaml');
    expect(status).toBe(2);
    expect(stdout.match(/\/proc\/sys cannot be read/g)).toHaveLength(3);
    expect(stdout).toContain('not known: new connections, reused ports, drains, defences,');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('prints characters that steer a terminal as escapes', async () => {
    const { run } = shopOn(program(88, 'keepalived\u001b[2J'));
    const { stdout } = await run('doctor -f ./shop.yaml');
    expect(stdout).toContain('keepalived\\u001b[2J (pid 88)');
    expect(stdout).not.toContain('\u001b');
  });

  it('lets no name of a file begin a line of its own', async () => {
    const { run, write } = workspace();
    const path = write("a'\nok: b.yaml", SHOP);
    const machine = machineOf({ [path]: { text: SHOP, mode: 0o666 } });
    const { stdout } = await run(['doctor', '-f', path], { machine });
    expect(stdout).toContain('every user may write to');
    expect(stdout).toContain("a'\\u000aok:");
    expect(stdout).not.toMatch(/^ok:/m);
    expect(stdout).toMatch(/\n {6}chmod o-w \$'.*a\\'\\012ok: b\.yaml'\n/);
  });

  it('is the same with --quiet: it is the result', async () => {
    const { run } = shopOn(FORWARDS_NOTHING);
    expect(await run('doctor -f ./shop.yaml -q')).toEqual(await run('doctor -f ./shop.yaml'));
  });

  it('shows the findings of the machine, and exits 66, when a file cannot be read', async () => {
    const { run } = shopOn(program(88, 'keepalived'));
    const { status, stdout, stderr } = await run('doctor -f ./gone.yaml');
    expect(status).toBe(66);
    expect(stdout).toContain('The files cannot be read: checks that need them were left out.\n');
    expect(stdout).toContain('warning: other writers: keepalived (pid 88)');
    expect(stderr).toBe('ipvstate: gone.yaml does not exist\n');
    const twice = await run('doctor -f ./shop.yaml -f ./shop.yaml');
    expect(twice).toMatchObject({ status: 64, stdout: '' });
  });
});

describe('doctor as JSON', () => {
  it('has the findings of the text, and the exit code', async () => {
    const { run } = shopOn(FORWARDS_NOTHING);
    const { status, stdout } = await run('doctor -f ./shop.yaml -vo json');
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      format: 'ipvstate-doctor',
      exit_code: status,
      kernel_checked: true,
      files: ['shop.yaml'],
      summary: { failure: 1, warning: 0, unknown: 0 },
      issues: [],
    });
    expect(document.findings[0]).toMatchObject({
      check: 'forwarding',
      level: 'failure',
      commands: ['sysctl -w net.ipv4.ip_forward=1'],
      advice: null,
    });
  });

  it('has the findings of the machine and the issues of invalid files in one document', async () => {
    const { run } = shopOn(program(88, 'keepalived'));
    const { status, stdout } = await run('doctor -f ./bad.yaml -o json');
    expect(status).toBe(65);
    expect(JSON.parse(stdout)).toMatchObject({
      exit_code: 65,
      summary: { warning: 1 },
      issues: [{ code: 'VERSION' }],
    });
  });
});

describe('doctor on a table of 1,000 services', () => {
  it('asks for the routes to at most 1,000 addresses, and prints a few of them', async () => {
    const services = Array.from({ length: 1000 }, (_, index) => ({
      address: `tcp://192.0.${index >> 8}.${index & 255}:80`,
      destinations: [
        { address: `10.1.${index >> 8}.${index & 255}`, forward: 'masq' },
        { address: `10.2.${index >> 8}.${index & 255}`, forward: 'masq' },
      ],
    }));
    const config = JSON.stringify({ version: 1, services });
    const { run, path } = workspace({ 'many.json': config });
    const machine = machineOf({ [path('many.json')]: config, ...FORWARDS_NOTHING });
    let asked = 0;
    const counting = {
      ...machine,
      network: (addresses: Parameters<typeof machine.network>[0]) => {
        asked += addresses.length;
        return machine.network(addresses);
      },
    };
    const { status, stdout } = await run('doctor -f ./many.json', { machine: counting });
    expect({ status, asked }).toEqual({ status: 69, asked: 1000 });
    expect(stdout).toContain('and 1997 more (masq)');
    expect(stdout.length).toBeLessThan(2000);
  });
});
