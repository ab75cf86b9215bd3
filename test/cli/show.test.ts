import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PLAN_FORMATS } from '../../src/render/plan-formats.ts';
import { DONE, shop, type Workspace } from './workspace.ts';

async function saved(files: Readonly<Record<string, string>> = {}): Promise<Workspace> {
  const space = shop(files);
  const command = 'plan -f ./shop.yaml --table ./live.save --save ./shop.plan';
  expect(await space.run(command)).toMatchObject({ status: 0 });
  return space;
}

describe('show', () => {
  it.each(Object.keys(PLAN_FORMATS))(
    'prints a saved plan as plan did with -o %s, without the files and the table',
    async (format) => {
      const space = await saved();
      const { stdout } = await space.run(`plan -f ./shop.yaml --table ./live.save -o ${format}`);
      rmSync(space.path('shop.yaml'));
      rmSync(space.path('live.save'));
      const shown = { status: 0, stdout, stderr: '' };
      expect(await space.run(`show ./shop.plan -o ${format}`)).toEqual(shown);
      expect(await space.run(`show - -o ${format}`, { stdin: space.read('shop.plan') })).toEqual(
        shown,
      );
    },
  );

  it('prints a plan without changes, and exits 0', async () => {
    const space = await saved({ 'live.save': DONE });
    expect(await space.run('show ./shop.plan')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^No changes: /),
    });
  });

  it('prints a plan that is stale by now: apply tells that', async () => {
    const space = await saved();
    space.write('live.save', DONE);
    expect((await space.run('show ./shop.plan')).status).toBe(0);
    expect((await space.run('apply ./shop.plan --table ./live.save')).status).toBe(4);
  });

  it.each([
    { file: './nope', status: 66, says: 'nope does not exist' },
    { file: './', status: 66, says: 'is a folder' },
  ])('exits $status for $file', async ({ file, status, says }) => {
    const { run } = shop();
    expect(await run(['show', file])).toMatchObject({
      status,
      stderr: expect.stringContaining(says),
    });
  });

  it('prints an error as JSON with -o json', async () => {
    const { run } = shop();
    const { status, stdout } = await run('show ./shop.yaml -o json');
    expect(status).toBe(65);
    expect(JSON.parse(stdout)).toMatchObject({
      format: 'ipvstate-error',
      error: { code: 'CONFIG', exit_code: 65 },
    });
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, -200), 'is damaged'],
    ['edited', (text: string) => text.replace('"weight": 3', '"weight": 4'), 'was edited'],
  ])('refuses a plan that is %s', async (_, damage, says) => {
    const space = await saved();
    space.write('shop.plan', damage(space.read('shop.plan')));
    expect(await space.run('show ./shop.plan')).toMatchObject({
      status: 65,
      stdout: '',
      stderr: expect.stringContaining(says),
    });
  });
});
