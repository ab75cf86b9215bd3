import { describe, expect, it } from 'vitest';
import { formatCanonical } from '../../src/config/canonical/canonical.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { machineOf, program, type Tree } from '../doctor/machine.ts';
import { tableOf } from '../support/tables.ts';
import { workspace } from './workspace.ts';

const TABLE = tableOf({
  'tcp://192.0.2.10:443': { destinations: { '10.1.0.11:443': 1 } },
  'udp://[2001:db8::1]:53': { destinations: { '[2001:db8::53]:53': 1 } },
  'fwmark:7': { destinations: { '10.1.0.7:0': 1 } },
  'fwmark:7/ipv6': { destinations: { '[2001:db8::7]:0': 1 } },
});

function on(tree: Tree, table = TABLE) {
  const { run } = workspace();
  const options = { openKernel: async () => openEmbeddedTable(table), machine: machineOf(tree) };
  return (line: string) => run(line, options);
}

const KEEPALIVED = program(88, 'keepalived');

describe('import --from live', () => {
  it('prints the table in canonical form, and the three commands to go on with', async () => {
    const run = on({});
    const { status, stdout, stderr } = await run('import --from live');
    expect(status).toBe(0);
    expect(stdout).toBe(formatCanonical(stdout));
    const [adopted, exported] = [stdout, (await run('export')).stdout].map(
      (text) => parseConfig(text, 'a').desired,
    );
    expect(adopted?.services).toEqual(exported?.services);
    expect([...(adopted?.services.keys() ?? [])]).toEqual([...(exported?.services.keys() ?? [])]);
    expect(adopted?.daemons).toEqual(exported?.daemons);
    expect(adopted?.timeouts).toEqual(exported?.timeouts);
    expect(stderr).toBe(`ipvstate: to go on, with this text in ipvs.yaml:
  ipvstate plan  -f ipvs.yaml   # no changes: the file is the table
  ipvstate try   -f ipvs.yaml   # after an edit: rolls itself back unless it is confirmed
  ipvstate apply -f ipvs.yaml   # when you are sure
`);
    expect((await run('import --from live -q')).stderr).toBe('');
  });

  it('writes a scope of exactly its services when another program writes to the table', async () => {
    const { status, stdout, stderr } = await on(KEEPALIVED)('import --from live');
    expect(status).toBe(0);
    expect(stdout).toContain(`
# keepalived (pid 88) may write to this table, too.
# Only these services are managed. Delete those of the other program, here and below.
# Sync daemons are left alone: without \`sync_daemons\`, nothing starts or stops them.
manage:
  include:
    - { service: tcp://192.0.2.10:443 }
    - { service: "udp://[2001:db8::1]:53" }
    - { service: fwmark:7 }
    - { service: "fwmark:7/ipv6" }
`);
    expect(stderr).toContain(
      'ipvstate: keepalived (pid 88) may write to this table: `manage` names',
    );
    const { desired, issues } = parseConfig(stdout, 'a');
    expect(issues).toEqual([]);
    expect(desired?.services).toEqual(TABLE.services);
    expect(desired?.policy?.manage?.include).toHaveLength(4);
    expect(desired?.daemons).toBeUndefined();
    expect(stdout).toBe(formatCanonical(stdout));
  });

  it('writes the scope as JSON too, and says that the save format has none', async () => {
    const run = on(KEEPALIVED);
    const { stdout } = await run('import --from live -o json');
    expect(parseConfig(stdout, 'a').desired?.policy?.manage?.include).toHaveLength(4);
    expect((await run('import --from live -o save')).stderr).toContain(
      'the save format cannot hold the scope',
    );
  });

  it('writes no scope for an empty table, for which there is none', async () => {
    const { stdout } = await on(KEEPALIVED, tableOf({}))('import --from live');
    expect(stdout).not.toContain('manage');
    expect(parseConfig(stdout, 'a').desired).toBeDefined();
  });

  it('leaves out programs of other network namespaces', async () => {
    const elsewhere = program(88, 'keepalived', { netns: 'net:[4026532999]' });
    expect((await on(elsewhere)('import --from live')).stdout).not.toContain('manage');
  });

  it('says that another program may write when it cannot see the processes', async () => {
    const hidden = await on({ '/proc/self/ns/pid': { link: 'pid:[4026532111]' } })(
      'import --from live',
    );
    expect(hidden.stderr).toContain('not all processes are seen here');
    const unknown = await on({ '/proc': { error: 'EIO', isFolder: true } })('import --from live');
    expect(unknown.status).toBe(0);
    expect(unknown.stderr).toContain('whether other programs write to the table is not known');
  });

  it.each(['import', 'import --from live ./a.yaml', 'import --from dead'])(
    '%s is a wrong command line',
    async (line) => {
      expect((await on({})(line)).status).toBe(64);
    },
  );
});
