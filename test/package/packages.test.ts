import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  controlFiles,
  debianFiles,
  debianFrontEndFiles,
  frontEndControlFiles,
} from '../../.ci/package/debian.js';
import { frontEndFiles, type InstalledFiles, installedFiles } from '../../.ci/package/files.js';
import { fileList } from '../../.ci/package/rpm.js';
import { writeTree } from '../../.ci/package/tree.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ipvstate-debian-'));
const runtime = join(folder, 'runtime');
const tree = join(folder, 'tree');
const options = { architecture: 'amd64', runtime };
const release = { version: '1.2.3', epoch: 1_790_000_000, architecture: 'amd64' };

let files: InstalledFiles;

const text = (path: string): string => String(files.get(path)?.content);

beforeAll(() => {
  // Stands for the Node that is fetched: this one.
  mkdirSync(join(runtime, 'bin'), { recursive: true });
  const node = join(runtime, 'bin/node');
  writeFileSync(node, `#!/bin/sh\nexec ${process.execPath} "$@"\n`);
  chmodSync(node, 0o755);
  writeFileSync(join(runtime, 'LICENSE'), 'the licence of Node.js\n');
  files = installedFiles(root, options);
  writeTree(tree, files);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the files of a package', () => {
  it('run the program with the Node that the package contains, and the native addon', () => {
    expect(text('usr/lib/ipvstate/dist/cli.cjs').split('\n')[0]).toBe(
      '#!/usr/lib/ipvstate/bin/node --max-semi-space-size=2',
    );
    expect(files.get('usr/bin/ipvstate')).toEqual({ link: '../lib/ipvstate/dist/cli.cjs' });
    const node = join(tree, 'usr/lib/ipvstate/bin/node');
    const example = 'examples/change-servers';
    const args = ['plan', '-f', `${example}/config.yaml`, '--table', `${example}/live.save`];
    const plan = execFileSync(node, [join(tree, 'usr/bin/ipvstate'), ...args], { cwd: root });
    expect(String(plan)).toBe(readFileSync(join(root, example, 'plan.txt'), 'utf8'));
    const addon = "console.log(typeof require('netlink').createGenericNetlink)";
    const loaded = execFileSync(node, ['-e', addon], { cwd: join(tree, 'usr/lib/ipvstate') });
    expect(String(loaded)).toBe('function\n');
  });

  it('have the man pages of each section, and those in Chinese where man looks for them', () => {
    for (const path of ['man8/ipvstate.8', 'man5/ipvstate.yaml.5', 'zh_CN/man8/ipvstate-ipvsadm.8'])
      expect([...files.keys()]).toContain(`usr/share/man/${path}.gz`);
  });

  it('have units that start the installed program', () => {
    expect(text('usr/lib/systemd/system/ipvstate.service')).toContain(
      '\nExecStart=/usr/bin/ipvstate watch -f /etc/ipvstate/conf.d ',
    );
    expect(text('usr/lib/systemd/system/ipvstate@.service')).toContain(
      '\nExecStart=/usr/bin/ipvstate watch -f /etc/ipvstate/netns/%i ',
    );
  });

  it('ask for nothing at first: the one configuration is a comment, which says so', () => {
    const first = text('etc/ipvstate/conf.d/ipvs.yaml');
    expect(first.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
    expect(first).toContain('Delete this file when your services are in other files');
    expect([...files.keys()].filter((path) => path.startsWith('etc/'))).toHaveLength(1);
  });

  it('keep the bytes of that configuration: dpkg would stop an upgrade to ask about new ones', () => {
    const digest = createHash('sha256').update(text('etc/ipvstate/conf.d/ipvs.yaml')).digest('hex');
    expect(digest).toBe('827fde8e4459d467a64197e60f1bd94ec2daeaecb96dac6bd8a31079878f1bc7');
  });

  it('have the examples that the pages of the manual name', () => {
    const pages = readdirSync(join(root, 'src/manual')).filter((name) => name.endsWith('.md'));
    const named = pages.flatMap((name) => [
      ...readFileSync(join(root, 'src/manual', name), 'utf8').matchAll(
        /\]\(\.\.\/\.\.\/(examples\/[^)]+)\)/g,
      ),
    ]);
    expect(named.length).toBeGreaterThan(4);
    for (const [, path] of named)
      expect(files.has(`usr/share/doc/ipvstate/${path}`), path).toBe(true);
  });

  it('have the addon of their own architecture only', () => {
    const addons = (architecture: string): string[] =>
      [...installedFiles(root, { ...options, architecture }).keys()].filter((path) =>
        path.endsWith('.node'),
      );
    const folderOf = (name: string): string =>
      `usr/lib/ipvstate/node_modules/netlink/prebuilds/${name}/node.napi.node`;
    expect(addons('amd64')).toEqual([folderOf('linux-x64')]);
    expect(addons('arm64')).toEqual([folderOf('linux-arm64')]);
  });

  it('are the same each time, and belong to the places that distributions have for them', () => {
    const again = installedFiles(root, options);
    expect([...again.keys()]).toEqual([...files.keys()]);
    for (const [path, { content }] of again)
      expect(
        Buffer.compare(Buffer.from(content ?? ''), Buffer.from(files.get(path)?.content ?? '')),
      ).toBe(0);
    const places = /^(?:etc\/ipvstate|usr\/(?:bin|lib\/(?:ipvstate|systemd)|share))\//;
    expect([...files.keys()].filter((path) => !places.test(path))).toEqual([]);
  });
});

describe('a Debian package', () => {
  it('has completions where Debian looks for them, and a changelog of its own', () => {
    const debian = debianFiles(root, files, release);
    expect(debian.has('usr/share/zsh/vendor-completions/_ipvstate')).toBe(true);
    expect(debian.has('usr/share/zsh/site-functions/_ipvstate')).toBe(false);
    expect(debian.has('usr/share/doc/ipvstate/changelog.gz')).toBe(true);
    expect(debian.size).toBe(files.size + 2);
  });

  it('describes itself, keeps a changed configuration, and lists a digest of each other file', () => {
    const control = controlFiles(root, files, release);
    const part = (name: string): string => String(control.get(`DEBIAN/${name}`)?.content);
    expect(part('control')).toMatch(/^Package: ipvstate\nVersion: 1\.2\.3\nArchitecture: amd64\n/);
    expect(part('control')).not.toMatch(/MAINTAINER|SIZE/);
    expect(part('conffiles')).toBe('/etc/ipvstate/conf.d/ipvs.yaml\n');
    const plain = [...files.values()].filter(({ link }) => link === undefined);
    expect(part('md5sums').trimEnd().split('\n')).toHaveLength(plain.length - 1);
    for (const script of ['postinst', 'prerm', 'postrm'])
      expect(control.get(`DEBIAN/${script}`)?.mode).toBe(0o755);
  });

  it('has no script that changes a table: each runs only a plan of a saved table', () => {
    const control = controlFiles(root, files, release);
    const calls = ['postinst', 'prerm', 'postrm'].flatMap((name) =>
      String(control.get(`DEBIAN/${name}`)?.content)
        .replaceAll(/^#.*$|\\\n/gm, '')
        .split('\n')
        .filter((line) => /^\s*(?:ipvstate|ipvsadm)\b/.test(line)),
    );
    expect(calls).toEqual([expect.stringMatching(/^ *ipvstate plan -f \S+ +--table \S+ /)]);
    for (const [, path = ''] of calls[0]?.matchAll(/\/(usr\/\S+)/g) ?? [])
      expect(files.has(path), path).toBe(true);
  });

  it('of the other names takes the place of ipvsadm, and has links to the program and its page', () => {
    const links = frontEndFiles();
    const control = String(
      frontEndControlFiles(root, links, release).get('DEBIAN/control')?.content,
    );
    expect(control).toContain('\nArchitecture: all\n');
    // An exact version would let apt remove this package when the other one is upgraded.
    expect(control).toContain('\nDepends: ipvstate (>= 1.2.3)\n');
    for (const key of ['Provides', 'Conflicts', 'Replaces'])
      expect(control).toContain(`\n${key}: ipvsadm\n`);
    for (const [path, { link = '' }] of links)
      expect(files.has(join(path, '..', link)), path).toBe(true);
    expect(debianFrontEndFiles(links).get('usr/share/doc/ipvstate-ipvsadm')).toEqual({
      link: 'ipvstate',
    });
    expect([...links.keys()].filter((path) => path.startsWith('usr/sbin/'))).toEqual([
      'usr/sbin/ipvsadm',
      'usr/sbin/ipvsadm-restore',
      'usr/sbin/ipvsadm-save',
    ]);
  });
});

describe('an RPM package', () => {
  const spec = readFileSync(join(root, '.ci/package/rpm/ipvstate.spec'), 'utf8');
  /** The lines of a script that are no comments, each with all that belongs to it. */
  const scriptOf = (name: string): string[] =>
    (spec.split(new RegExp(`^%${name}\\n`, 'm'))[1] ?? '')
      .split(/^%/m)[0]
      ?.replaceAll(/^ *#.*\n|\\\n/gm, '')
      .split('\n') ?? [];
  const SCRIPTS = ['post', 'preun', 'postun'];

  it('has no script that changes a table: each runs only a plan of a saved table', () => {
    const calls = SCRIPTS.flatMap(scriptOf).filter((line) =>
      /^\s*(?:ipvstate|ipvsadm)\b/.test(line),
    );
    expect(calls).toEqual([expect.stringMatching(/^ipvstate plan -f \S+ +--table \S+ /)]);
  });

  it('of the other names stays when the program is upgraded', () => {
    const names = readFileSync(join(root, '.ci/package/rpm/ipvstate-ipvsadm.spec'), 'utf8');
    expect(names).toContain('\nRequires: ipvstate >= VERSION-1\n');
  });

  it('enables no unit by itself, starts none, and never fails the transaction', () => {
    const calls = SCRIPTS.flatMap(scriptOf).filter((line) => line.includes('systemctl'));
    expect(calls.join('\n')).not.toMatch(/\benable\b|systemctl (?:re)?start/);
    expect(calls.filter((line) => !/\|\| :(?:; fi)?$/.test(line))).toEqual([]);
    expect(scriptOf('post').join('\n')).toMatch(
      /if \[ "\$1" -eq 1 \]; then\n +systemctl --no-reload preset ipvstate\.service /,
    );
  });

  it('lists each file once, its own folders, and the configuration as one that is kept', () => {
    const list = fileList(files).trimEnd().split('\n');
    const listed = list.filter((line) => !line.startsWith('%dir'));
    expect(listed).toHaveLength(files.size);
    expect(new Set(listed).size).toBe(files.size);
    expect(list).toContain('%config(noreplace) "/etc/ipvstate/conf.d/ipvs.yaml"');
    const folders = list.filter((line) => line.startsWith('%dir'));
    expect(folders).toContain('%dir "/etc/ipvstate"');
    expect(folders.filter((line) => !line.includes('/ipvstate'))).toEqual([]);
  });
});

describe('the commands of the manual', () => {
  /** The files of tests that run them, by the heading above the commands, with the words there. */
  const RUN_BY: Readonly<Record<string, readonly (readonly [file: string, words: string])[]>> = {
    'Debian and Ubuntu': [['.ci/package/installed/deb.sh', "run_manual 'Debian and Ubuntu'"]],
    'Fedora, RHEL and others with RPM': [
      ['.ci/package/installed/rpm.sh', "run_manual 'Fedora, RHEL and others with RPM'"],
    ],
    'Other systems with glibc': [
      ['.ci/package/installed/archive.sh', "run_manual 'Other systems with glibc'"],
    ],
    Containers: [['.ci/package/test-image.js', '/^podman build (.*)$/m']],
    'In place of ipvsadm': [
      ['.ci/package/installed/deb.sh', "run_manual 'In place of ipvsadm' apt"],
      ['.ci/package/installed/rpm.sh', "run_manual 'In place of ipvsadm' dnf"],
    ],
    npm: [['test/package/pack.test.ts', "'install', '--global'"]],
  };

  it('that install are run by a test, each block of them', () => {
    const manual = readFileSync(join(root, 'src/manual/installing.md'), 'utf8');
    const withCommands = manual.split(/^## /m).filter((section) => section.includes('```sh'));
    expect(withCommands.map((section) => section.split('\n')[0])).toEqual(Object.keys(RUN_BY));
    for (const [file, words] of Object.values(RUN_BY).flat())
      expect(readFileSync(join(root, file), 'utf8')).toContain(words);
  });
});
