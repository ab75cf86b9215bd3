import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { runCli } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';
import { afterReboot, temporaryState } from '../support/temporary-state.ts';
import { DONE, LIVE, SHOP, shop, type Workspace } from './workspace.ts';

async function saved(files: Readonly<Record<string, string>> = {}): Promise<Workspace> {
  const space = shop(files);
  expect(
    await space.run('plan -f ./shop.yaml --table ./live.save --save ./shop.plan'),
  ).toMatchObject({ status: 0 });
  return space;
}

const APPLY = 'apply ./shop.plan --table ./live.save';

// biome-ignore lint/suspicious/noExplicitAny: the tests edit any part of the document.
type PlanDocument = any;

/** A document with the digest that fits it, as of someone who wants to deceive. */
function sealed(document: PlanDocument): PlanDocument {
  const { digest: _digest, ...saved } = document.saved;
  const text = JSON.stringify({ ...document, saved });
  return {
    ...document,
    saved: { ...saved, digest: createHash('sha256').update(text).digest('hex') },
  };
}

/** Edits the JSON of a saved plan. */
function edit(
  { read, write }: Workspace,
  change: (document: { saved: Record<string, unknown> }) => void,
): void {
  const document = JSON.parse(read('shop.plan'));
  change(document);
  write('shop.plan', JSON.stringify(document));
}

describe('a saved plan', () => {
  it('is announced with the command that executes it, unless --quiet is given', async () => {
    const { run } = shop();
    const { status, stderr } = await run(
      'plan -f ./shop.yaml --table ./live.save --save ./shop.plan --detailed-exitcode',
    );
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'Saved. Execute it with: ipvstate apply shop.plan\n',
    });
    expect(
      await run('plan -f ./shop.yaml --table ./live.save --save ./shop.plan -q'),
    ).toMatchObject({ stderr: '' });
  });

  it('is executed once, without its configuration', async () => {
    const space = await saved();
    expect(await space.run(APPLY)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Applied and verified: 2 operations.'),
    });
    expect(space.read('live.save')).toBe(DONE);
    expect(await space.run(APPLY)).toMatchObject({ status: 4 });
  });

  it('changes nothing when it has no changes', async () => {
    const space = await saved({ 'live.save': DONE });
    expect(await space.run(`${APPLY} --detailed-exitcode`)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^No changes/),
      stderr: '',
    });
    expect(space.read('live.save')).toBe(DONE);
  });

  it('needs confirmation at a terminal, and may be declined', async () => {
    const space = await saved();
    expect(await space.run(APPLY, { answer: 'no' })).toMatchObject({ status: 3 });
    expect(space.read('live.save')).toBe(LIVE);
  });

  it('may be applied on a machine without the configuration', async () => {
    const space = await saved();
    space.write('elsewhere/shop.plan', space.read('shop.plan'));
    rmSync(space.path('shop.yaml'));
    expect(await space.run('apply ./elsewhere/shop.plan --table ./live.save')).toMatchObject({
      status: 0,
    });
  });
});

describe('a stale plan', () => {
  it.each([
    {
      what: 'a service was changed',
      live: LIVE.replace('-s wlc', '-s rr'),
      says: 'tcp://192.0.2.10:443 was changed in the live table',
    },
    {
      what: 'a service was added',
      live: `${LIVE}-A -u 192.0.2.1:53 -s rr\n`,
      says: 'udp://192.0.2.1:53 was added to the live table',
    },
    {
      what: 'a service was deleted',
      live: '',
      says: 'tcp://192.0.2.10:443 was deleted from the live table',
    },
    {
      what: 'a weight was changed',
      live: LIVE.replace('-r 10.1.0.13:443 -m -w 1', '-r 10.1.0.13:443 -m -w 0'),
      says: 'tcp://192.0.2.10:443 was changed in the live table',
    },
  ])('is refused with the difference after $what', async ({ live, says }) => {
    const { run, write, read } = await saved();
    write('live.save', live);
    const { status, stdout, stderr } = await run(APPLY);
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(stderr).toMatch(/^ipvstate: the plan of .+ is stale; nothing was changed\n/);
    expect(stderr).toContain(`    ${says}\n`);
    expect(stderr).toContain('    Make a new plan');
    expect(read('live.save')).toBe(live);
  });

  it('is refused after the configuration was edited', async () => {
    const { run, write, read } = await saved();
    write('shop.yaml', `${SHOP}# changed\n`);
    expect(await run(APPLY)).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('shop.yaml has other content now'),
    });
    expect(read('live.save')).toBe(LIVE);
  });

  it('is refused after timeouts were changed', async () => {
    const space = shop();
    expect(await space.run('import ./live.save')).toMatchObject({ status: 0 });
    const exported = (await space.run('export --table ./live.save')).stdout;
    space.write('live.yaml', exported);
    await space.run('plan -f ./shop.yaml --table ./live.yaml --save ./shop.plan');
    space.write('live.yaml', exported.replace('tcp: 15m', 'tcp: 16m'));
    const { status, stderr } = await space.run('apply ./shop.plan --table ./live.yaml');
    expect(status).toBe(4);
    expect(stderr).toContain('timeouts or sync daemons were changed in the live table');
  });

  it('is refused with twenty changed services and the number of the others', async () => {
    const { run, write } = await saved();
    const services = Array.from(
      { length: 25 },
      (_, index) => `-A -t 192.0.2.11:${index + 1} -s rr\n`,
    );
    write('live.save', `${LIVE}${services.join('')}`);
    const { stderr } = await run(APPLY);
    expect(stderr.match(/was added/g)).toHaveLength(20);
    expect(stderr).toContain('    and 5 more\n');
  });
});

describe('a plan for the table of the kernel', () => {
  const netns = (inode: string) => ({ ...temporaryState(), life: { boot: 'a', netns: inode } });
  const kernel = () => openMisbehavingTable(tableOf({}));
  const openKernel = async () => kernel();

  async function savedIn(
    state: ReturnType<typeof netns>,
    ...options: string[]
  ): Promise<Workspace> {
    const space = shop();
    const plan = ['plan', '-f', './shop.yaml', '--save', './shop.plan', ...options];
    expect(await space.run(plan, { state, openKernel })).toMatchObject({ status: 0 });
    return space;
  }

  it('is refused in another network namespace with the same table', async () => {
    const space = await savedIn(netns('4026532001'));
    const { status, stderr } = await space.run('apply ./shop.plan', {
      state: netns('4026532002'),
      openKernel,
    });
    expect(status).toBe(4);
    expect(stderr).toMatch(
      /is for the network namespace with inode 4026532001, and this is with inode 4026532002; nothing was changed\n/,
    );
  });

  it('is refused with both names where they were given', async () => {
    const space = await savedIn(netns('4026532001'));
    const document = JSON.parse(space.read('shop.plan'));
    document.saved.netns.name = 'green';
    space.write('shop.plan', JSON.stringify(sealed(document)));
    const refusal = await space.run('apply ./shop.plan', { state: netns('2'), openKernel });
    expect(refusal.stderr).toContain('the network namespace green (inode 4026532001), and this is');
  });

  it('is applied in its own network namespace', async () => {
    const state = netns('4026532001');
    const space = await savedIn(state);
    const own = kernel();
    expect(
      await space.run('apply ./shop.plan', { state, openKernel: async () => own }),
    ).toMatchObject({ status: 0 });
    expect(own.table().services.size).toBe(1);
  });

  it('is bound by the digests of the table alone after a reboot', async () => {
    const state = temporaryState();
    const space = await savedIn(state);
    const next = afterReboot(state);
    const other = { ...next, life: { ...next.life, netns: '7' } };
    expect(await space.run('apply ./shop.plan', { state: other, openKernel })).toMatchObject({
      status: 0,
    });
  });

  it('may be applied to a table in a file, and the other way round', async () => {
    const space = shop({ 'empty.save': '' });
    await space.run('plan -f ./shop.yaml --table ./empty.save --save ./shop.plan');
    expect(
      await space.run('apply ./shop.plan', { state: netns('4026532001'), openKernel }),
    ).toMatchObject({ status: 0 });
    const fromKernel = await savedIn(netns('4026532001'));
    fromKernel.write('empty.yaml', (await runCli(['export'], { openKernel })).stdout);
    expect(await fromKernel.run('apply ./shop.plan --table ./empty.yaml')).toMatchObject({
      status: 0,
    });
  });
});

const SAVE = 'Save a plan with `ipvstate plan --save FILE`.';
const PLAN = '`ipvstate plan -f shop.plan` plans for it.';
const EMPTY_JSON = '{ "version": 1, "services": [] }';

describe('a file that is not a valid saved plan', () => {
  it.each([
    { what: 'a configuration', text: SHOP, says: 'a configuration', helps: PLAN },
    { what: 'a configuration in JSON', text: EMPTY_JSON, says: 'a configuration', helps: PLAN },
    { what: 'save text', text: LIVE, says: '`ipvsadm -S` text', helps: PLAN },
    { what: 'an empty file', text: '', says: 'empty', helps: SAVE },
    { what: 'other JSON', text: '[1]', says: 'other JSON', helps: SAVE },
    { what: 'another object', text: '{"a": 1}', says: 'other JSON', helps: SAVE },
    { what: 'null', text: 'null', says: 'other JSON', helps: SAVE },
    { what: 'a binary file', text: '\u007fELF\0', says: 'not a text', helps: SAVE },
    { what: 'prose', text: 'hello, world\n', says: 'something else', helps: SAVE },
    {
      what: 'a printed plan',
      text: '{"format":"ipvstate-plan","version":1,"waves":[]}',
      says: 'the output of `plan -o json`, which was not saved',
      helps: SAVE,
    },
    {
      what: 'a status',
      text: '{"format":"ipvstate-status","version":1}',
      says: 'the status of a daemon',
      helps: SAVE,
    },
    {
      what: 'a document of a later version',
      text: '{"format":"ipvstate-other","version":1}',
      says: 'another document of ipvstate',
      helps: SAVE,
    },
    {
      what: 'a journal',
      text: '{"type":"begin","version":1}\n{"type":"end"}\n',
      says: 'a journal',
      helps: 'says where journals are',
    },
  ])('is refused by apply and show when it is $what', async ({ text, says, helps }) => {
    const { run, read } = shop({ 'shop.plan': text });
    for (const command of [APPLY, 'show ./shop.plan']) {
      const { status, stdout, stderr } = await run(command);
      expect({ status, stdout }).toEqual({ status: 65, stdout: '' });
      expect(stderr).toContain(`shop.plan is not a saved plan: it is ${says}\n`);
      expect(stderr.split('\n')[1]).toContain(helps);
    }
    expect(read('live.save')).toBe(LIVE);
  });

  it('is refused with the version when it is a plan of another version', async () => {
    const space = await saved();
    edit(space, (document) => Object.assign(document, { version: 2 }));
    expect(await space.run(APPLY)).toMatchObject({
      status: 65,
      stderr: 'ipvstate: shop.plan is a plan of format version 2; this program reads version 1\n',
    });
  });

  it('is refused as damaged when the plan is cut off', async () => {
    const { run, read, write } = await saved();
    write('shop.plan', read('shop.plan').slice(0, -200));
    expect(await run(APPLY)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('the saved plan shop.plan is damaged'),
    });
    expect(read('live.save')).toBe(LIVE);
  });

  it.each([
    { what: 'no binding', damage: { saved: {} } },
    { what: 'no operations', damage: { waves: null } },
    { what: 'other operations', damage: { waves: [] } },
  ])('is refused as damaged when the plan has $what', async ({ damage }) => {
    const space = await saved();
    edit(space, (document) => Object.assign(document, damage));
    expect(await space.run(APPLY)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('is damaged'),
    });
    expect(space.read('live.save')).toBe(LIVE);
  });

  it.each(['created', 'files', 'live', 'desired'])(
    'is refused as damaged when the plan lacks the member %s',
    async (part) => {
      const space = await saved();
      edit(space, (document) => {
        delete document.saved[part];
      });
      expect(await space.run(APPLY)).toMatchObject({
        status: 65,
        stderr: expect.stringContaining('is damaged: parts of it are missing'),
      });
    },
  );

  it.each([
    {
      what: 'its desired table',
      change: ({ saved }: PlanDocument) => {
        saved.desired.services[0].destinations[1].weight = 7;
      },
      says: 'its operations are not those',
    },
    {
      what: 'its changes',
      change: (document: PlanDocument) => {
        document.changes = [];
      },
      says: 'its changes or its summary are not those',
    },
    {
      what: 'its summary',
      change: ({ summary }: PlanDocument) => {
        summary.destinations.delete = 0;
      },
      says: 'its changes or its summary are not those',
    },
    {
      what: 'its changes and its summary, so that it seems to do nothing',
      change: (document: PlanDocument) => {
        document.noop = true;
        document.changes = [];
        for (const counts of Object.values(document.summary))
          if (counts instanceof Object)
            for (const name of Object.keys(counts)) Object.assign(counts, { [name]: 0 });
      },
      says: 'its changes or its summary are not those',
    },
    {
      what: 'the claim that it changes nothing',
      change: (document: PlanDocument) => {
        document.noop = true;
      },
      says: 'its changes or its summary are not those',
    },
  ])('is refused as damaged when someone edited $what', async ({ change, says }) => {
    const space = await saved();
    const document = JSON.parse(space.read('shop.plan')) as PlanDocument;
    const before = JSON.stringify(document);
    change(document);
    expect(JSON.stringify(document)).not.toBe(before);
    space.write('shop.plan', JSON.stringify(document));
    expect(await space.run(APPLY)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('is damaged: it was edited after it was saved'),
    });
    space.write('shop.plan', JSON.stringify(sealed(document)));
    expect(await space.run(APPLY)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining(`is damaged: ${says}`),
    });
    expect(space.read('live.save')).toBe(LIVE);
  });

  it('is executed when only its blanks were changed', async () => {
    const space = await saved();
    space.write('shop.plan', JSON.stringify(JSON.parse(space.read('shop.plan'))));
    expect(await space.run(APPLY)).toMatchObject({ status: 0 });
  });

  it('is refused as damaged when its drains are not drains', async () => {
    const space = await saved();
    edit(space, (document) => Object.assign(document, { drains: [null] }));
    expect(await space.run(APPLY)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('is damaged: parts of it are missing or have another form'),
    });
  });

  it('makes apply exit 66 when it is missing', async () => {
    expect(await shop().run(APPLY)).toMatchObject({
      status: 66,
      stderr: 'ipvstate: shop.plan does not exist\n',
    });
  });

  it('is explained when it is given with -f in place of a configuration', async () => {
    const { run } = await saved();
    const { status, stderr } = await run('apply -f ./shop.plan --table ./live.save');
    expect(status).toBe(65);
    expect(stderr).toContain('this is a saved plan, not a configuration');
    expect(stderr).toContain('hint: apply it without -f: ipvstate apply shop.plan');
  });

  it.each([
    '-f ./shop.yaml',
    '--only shop',
    '--allow-empty',
    '--allow-unserved',
    '--max-service-deletes off',
  ])('is refused together with %s, which would change the plan', async (flags) => {
    const { run, read } = await saved();
    const { status, stderr } = await run(`${APPLY} ${flags}`);
    expect(status).toBe(64);
    expect(stderr).toContain('a saved plan is applied as it is');
    expect(read('live.save')).toBe(LIVE);
  });

  it('makes plan --save exit 74 when it cannot be written', async () => {
    const { run } = shop();
    const { status, stdout, stderr } = await run(
      'plan -f ./shop.yaml --table ./live.save --save ./nowhere/shop.plan',
    );
    expect(status).toBe(74);
    expect(stdout).toContain('Plan:');
    expect(stderr).toBe(
      'ipvstate: nowhere/shop.plan cannot be written: its folder does not exist\n',
    );
  });
});
