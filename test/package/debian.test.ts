import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedFiles } from '../../.ci/package/files.js';
import { writeTree } from '../../.ci/package/tree.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ipvstate-debian-'));
const runtime = join(folder, 'runtime');
const tree = join(folder, 'tree');
const options = { architecture: 'amd64', runtime, version: '1.2.3', epoch: 1_790_000_000 };

type Files = ReturnType<typeof installedFiles>;
let files: Files;

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

describe('the files of a Debian package', () => {
  it('run the program with the Node that the package contains, and the native addon', () => {
    expect(text('usr/lib/ipvstate/dist/cli.cjs').split('\n')[0]).toBe(
      '#!/usr/lib/ipvstate/bin/node',
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

  it('have a unit that starts the installed program', () => {
    expect(text('usr/lib/systemd/system/ipvstate.service')).toContain(
      '\nExecStart=/usr/bin/ipvstate watch -f /etc/ipvstate/conf.d ',
    );
  });

  it('ask for nothing at first: the one configuration is a comment', () => {
    const first = text('etc/ipvstate/conf.d/ipvs.yaml');
    expect(first.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
    expect([...files.keys()].filter((path) => path.startsWith('etc/'))).toHaveLength(1);
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

  it('are the same each time, and belong to the places that Debian has for them', () => {
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
