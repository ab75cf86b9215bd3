import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Pipeline, PipelineRunner, parseGitHub, parseGitLab } from './pipelines.ts';

const CI = fileURLToPath(new URL('../../examples/ci/', import.meta.url));
const { version } = JSON.parse(readFileSync(join(CI, '../../package.json'), 'utf8'));
const read = (file: string): string => readFileSync(join(CI, file), 'utf8');

/** The table before the server 10.1.0.12 of the example is added. */
const LIVE = '-A -t 192.0.2.10:443 -s wlc\n-a -t 192.0.2.10:443 -r 10.1.0.11:443 -m -w 1\n';

let runner: PipelineRunner;
let shop: string;

beforeEach(() => {
  runner = new PipelineRunner(CI);
  shop = join(runner.repository, 'ipvs/shop.yaml');
  writeFileSync(runner.loadBalancer, LIVE);
  return () => runner.close();
});

describe.each([
  ['GitHub Actions', 'github-actions.yaml', parseGitHub, 'production'],
  ['GitLab', 'gitlab-ci.yaml', parseGitLab, 'check'],
] as const)('the pipeline of %s', (_, file, parseJobs, stored) => {
  const jobs = parseJobs(parse(read(file)));
  const { review, plan, apply, check } = jobs as Pipeline;

  /** Stores the live table, as the last check on the main branch did. */
  function storeTable(): void {
    const table = join(runner.folder, 'production.yaml');
    writeFileSync(table, LIVE);
    runner.store(stored, table);
  }

  it('has one job for merge requests, which never runs on the load balancer', () => {
    expect(Object.keys(jobs)).toEqual(['review', 'plan', 'apply', 'check']);
    expect(Object.values(jobs).map(({ isOnLoadBalancer }) => isOnLoadBalancer)).toEqual([
      ...[false, true, true, true],
    ]);
    expect(JSON.stringify(review)).not.toContain('sudo');
  });

  it('installs the tarball of this version', () => {
    expect(JSON.stringify(review)).toContain(`npm install --global ./ipvstate-${version}.tgz`);
  });

  it('comments a merge request with its plan, and changes nothing', () => {
    storeTable();
    expect(runner.run(review)).toMatchObject({ status: 0 });
    expect(runner.comment).toContain('### IPVS plan: 1 destination to add');
    expect(readFileSync(runner.loadBalancer, 'utf8')).toBe(LIVE);
  });

  it('fails for a mistake in a merge request, with its place', () => {
    storeTable();
    writeFileSync(shop, 'version: 1\nservices: [{ adress: "tcp://192.0.2.10:443" }]\n');
    const { status, output } = runner.run(review);
    expect(status).toBe(65);
    expect(output).toMatch(/ipvs\/shop\.yaml(?::2:|,line=2,)/);
    expect(runner.comment).toBeUndefined();
  });

  it('fails for a merge request that a guard would stop, and comments it', () => {
    storeTable();
    writeFileSync(shop, 'version: 1\nservices: []\n');
    expect(runner.run(review)).toMatchObject({ status: 3 });
    expect(runner.comment).toContain('--allow-empty');
  });

  it('saves a plan, applies it, and checks and stores the table', () => {
    expect(runner.run(plan)).toMatchObject({ status: 0 });
    expect(runner.run(apply)).toMatchObject({
      status: 0,
      output: expect.stringContaining('Applied and verified: 1 operation.'),
    });
    expect(runner.run(check)).toMatchObject({
      status: 0,
      output: expect.stringContaining('In sync: 1 service as desired.'),
    });
    expect(runner.artifact(stored, 'production.yaml')).toContain('10.1.0.12');
  });

  it('applies nothing when the table has changed since the plan was made', () => {
    runner.run(plan);
    const changed = LIVE.replace('-w 1', '-w 5');
    writeFileSync(runner.loadBalancer, changed);
    expect(runner.run(apply)).toMatchObject({
      status: 4,
      output: expect.stringContaining('tcp://192.0.2.10:443 was changed in the live table'),
    });
    expect(readFileSync(runner.loadBalancer, 'utf8')).toBe(changed);
  });

  it('fails while the table differs from the files, and stores it', () => {
    expect(runner.run(check)).toMatchObject({ status: 2 });
    expect(runner.artifact(stored, 'production.yaml')).toContain('10.1.0.11');
  });
});

describe('the hooks of pre-commit', () => {
  const { repos } = parse(read('pre-commit-config.yaml'));
  const hooks: Record<string, string>[] = repos.flatMap(
    (repo: { readonly hooks: readonly unknown[] }) => repo.hooks,
  );

  /** Runs the hooks as pre-commit does: with the changed files that each one asks for. */
  function commit(): (number | null)[] {
    const changed = ['ipvs/shop.yaml', 'README.md'];
    return hooks.map((hook) => {
      const files = changed.filter((path) => new RegExp(hook.files ?? '').test(path));
      const args = String(hook.pass_filenames) === 'false' ? [] : files;
      expect(files).not.toContain('README.md');
      const [program = '', ...words] = (hook.entry ?? '').split(' ');
      return spawnSync(program, [...words, ...args], {
        ...{ cwd: runner.repository, env: runner.env },
      }).status;
    });
  }

  it('pass for the example, whose files are in canonical form', () => {
    const before = readFileSync(shop, 'utf8');
    expect(commit()).toEqual([0, 0]);
    expect(readFileSync(shop, 'utf8')).toBe(before);
  });

  it('rewrite a file in canonical form, and refuse an invalid one', () => {
    writeFileSync(
      shop,
      'version: 1\nservices: [{ "address": "fwmark:1", destinations: [10.1.0.11] }]\n',
    );
    expect(commit()).toEqual([0, 0]);
    expect(readFileSync(shop, 'utf8')).toContain('[{ address: fwmark:1, ');
    writeFileSync(shop, 'version: 1\nservices: [{ adress: "tcp://192.0.2.10:443" }]\n');
    expect(commit()).toEqual([65, 65]);
  });
});
