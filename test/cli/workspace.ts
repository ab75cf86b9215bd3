import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type CliOptions, type CliResult, runCli } from '../support/run-cli.ts';

/** A folder with files that is removed after the test. Command lines run as if in this folder. */
export interface Workspace {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string | Buffer): string;
  read(name: string): string;
  /** Runs `ipvstate`. Words such as ./a become paths in the folder, which output is cut from. */
  run(line: string | readonly string[], options?: CliOptions): Promise<CliResult>;
}

export function workspace(files: Readonly<Record<string, string>> = {}): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  const write = (name: string, text: string | Buffer): string => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
    return path(name);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const plain = (text: string): string => text.replaceAll(`${folder}/`, '');
  return {
    folder,
    path,
    write,
    read: (name) => readFileSync(path(name), 'utf8'),
    run: async (line, options) => {
      const words = typeof line === 'string' ? line.split(' ') : line;
      const { status, stdout, stderr } = await runCli(
        words.map((word) => (word.startsWith('./') ? path(word.slice(2)) : word)),
        options,
      );
      return { status, stdout: plain(stdout), stderr: plain(stderr) };
    },
  };
}

export const SHOP = `version: 1
defaults: { forward: masq }
services:
  - name: shop
    address: tcp://192.0.2.10:443
    scheduler: wlc
    destinations: [10.1.0.11, { address: 10.1.0.12, weight: 3 }]
`;

/** A live table that differs from SHOP by one destination more and one less. */
export const LIVE = `-A -t 192.0.2.10:443 -s wlc
-a -t 192.0.2.10:443 -r 10.1.0.11:443 -m -w 1
-a -t 192.0.2.10:443 -r 10.1.0.13:443 -m -w 1
`;

/** The live table after SHOP was applied. */
export const DONE = `-A -t 192.0.2.10:443 -s wlc
-a -t 192.0.2.10:443 -r 10.1.0.11:443 -m -w 1
-a -t 192.0.2.10:443 -r 10.1.0.12:443 -m -w 3
`;

/** A workspace with SHOP in shop.yaml and LIVE in live.save. */
export function shop(files: Readonly<Record<string, string>> = {}): Workspace {
  return workspace({ 'shop.yaml': SHOP, 'live.save': LIVE, ...files });
}
