import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version, optionalDependencies, man } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

const folder = mkdtempSync(join(tmpdir(), 'ipvstate-pack-'));
const prefix = join(folder, 'prefix');
const installed = join(prefix, 'lib/node_modules/ipvstate');
let packed: readonly string[];

const run = (program: string, args: readonly string[], cwd = folder) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

// Scripts are off, so that packing does not rebuild the `dist` that other tests run. npm 11 runs no
// scripts of dependencies either.
beforeAll(() => {
  const [{ files, filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  );
  packed = files.map(({ path }: { path: string }) => path);
  const quiet = [
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  run('npm', ['install', '--global', '--prefix', prefix, ...quiet, join(folder, filename)]);
}, 180_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('the package has the program, declarations, schemas and licences, and no other files', () => {
  expect(packed).toEqual(
    expect.arrayContaining([
      'dist/cli.cjs',
      'dist/program.cjs',
      'dist/rest.cjs',
      'dist/index.js',
      'dist/types/index.d.ts',
      'dist/THIRD-PARTY-LICENSES.txt',
      ...man.map((path: string) => path.replace('./', '')),
      'schemas/config.schema.json',
    ]),
  );
  expect(packed).toEqual(
    expect.arrayContaining(['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md']),
  );
  expect(
    packed.filter(
      (path) =>
        !/^(dist|schemas)\/|^(package\.json|LICENSE|README(\.zh-CN)?\.md|CHANGELOG\.md)$/.test(
          path,
        ),
    ),
  ).toEqual([]);
});

test('the installed program prints its version and its help', () => {
  const program = join(prefix, 'bin/ipvstate');
  expect(run(program, ['--version'])).toContain(version);
  const help = run(program, ['--help']);
  for (const verb of ['validate', 'plan', 'apply', 'export']) expect(help).toContain(verb);
});

test('the installed man pages are in the folders that man searches', () => {
  expect(man).toContain('./dist/man/ipvstate.8');
  for (const path of man) {
    const page = `man${path.at(-1)}/${basename(path)}`;
    expect(readFileSync(join(prefix, 'share/man', page), 'utf8')).toMatch(/^\.TH "IPVSTATE/);
  }
});

test('every dependency that is not bundled can be loaded from the folder of the package', () => {
  for (const name of Object.keys(optionalDependencies)) {
    expect(
      run(process.execPath, ['--input-type=module', '-e', `await import('${name}')`], installed),
    ).toBe('');
  }
});

test('without a build of the addon for this machine, the program says so and needs no compiler', () => {
  const builds = join(installed, 'node_modules/netlink/prebuilds');
  renameSync(builds, `${builds}.hidden`);
  try {
    const call = (...args: readonly string[]) =>
      spawnSync(join(prefix, 'bin/ipvstate'), args, { encoding: 'utf8' });
    expect(call('export')).toMatchObject({
      status: 69,
      stdout: '',
      stderr: [
        `ipvstate: the native addon for netlink cannot be loaded: its build for ${process.arch} is missing`,
        '    Install ipvstate again, with the npm of this machine: npm leaves the addon out where its download or its build fails. Commands with --table need no addon.',
        '',
      ].join('\n'),
    });
    const example = join(root, 'examples/first-service');
    const { status, stdout } = call(
      ...['plan', '-f', join(example, 'config.yaml'), '--table', join(example, 'live.save')],
    );
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Plan: /m),
    });
  } finally {
    renameSync(`${builds}.hidden`, builds);
  }
});

test('everyday commands do not load the file that has what few commands need', () => {
  const rest = join(installed, 'dist/rest.cjs');
  const [config, live] = ['config.yaml', 'live.save'].map((name) =>
    join(root, 'examples/first-service', name),
  ) as [string, string];
  const call = (...args: readonly string[]) =>
    spawnSync(join(prefix, 'bin/ipvstate'), args, { encoding: 'utf8' });
  renameSync(rest, `${rest}.hidden`);
  try {
    for (const args of [
      ['validate', '-f', config],
      ['plan', '-f', config, '--table', live],
      ['diff', config, config],
      ['export', '--table', live],
      ['ipvsadm', '--version'],
      ['--version'],
    ])
      expect({ args, ...call(...args) }).toMatchObject({ args, status: 0, stderr: '' });
    expect(call('help', 'exit-codes').stderr).toContain('rest.cjs');
  } finally {
    renameSync(`${rest}.hidden`, rest);
  }
});

test('npm goes on without the addon where it cannot be installed', () => {
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect(dependencies).toBeUndefined();
  expect(Object.keys(optionalDependencies)).toEqual(['netlink']);
});

test('a program that uses the library runs, and compiles with default settings', () => {
  const user = join(folder, 'user');
  const modules = join(user, 'node_modules');
  mkdirSync(modules, { recursive: true });
  run('ln', ['-s', installed, join(modules, 'ipvstate')]);
  writeFileSync(join(user, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(user, 'user.ts'),
    "import { IpvstateError, type Service } from 'ipvstate';\nconst key: keyof Service = 'scheduler';\n// @ts-expect-error a class is no number\nconst wrong: number = IpvstateError;\nexport { key, wrong };\n",
  );
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--strict',
    '--noEmit',
    '--types',
    '',
    '--skipLibCheck',
    'false',
  ];
  expect(run(join(root, 'node_modules/.bin/tsc'), [...options, 'user.ts'], user)).toBe('');
  const names = run(
    process.execPath,
    ['--input-type=module', '-e', "console.log(Object.keys(await import('ipvstate')).join())"],
    user,
  );
  expect(names).toContain('IpvstateError');
});

test('the file of the program in the package is executable', () => {
  expect(readFileSync(join(installed, 'dist/cli.cjs'), 'utf8')).toMatch(
    /^#!\/usr\/bin\/env node\n/,
  );
  expect(run(join(installed, 'dist/cli.cjs'), ['--version'])).toContain(version);
});
