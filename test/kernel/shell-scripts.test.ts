import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { readShellScript } from '../../src/formats/shell/read-script.ts';
import { asIpvsadmSaves, linesOf } from '../support/real-save.ts';
import { SCRIPTS, WAYS } from '../support/shell-scripts.ts';
import { ipvsadm, shell } from './real-programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'scripts-'));

/** Programs that do nothing, and one that runs the program in its words. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['ip', 'ifconfig', 'iptables'].map((name) => [name, 'exit 0'])),
  sudo: 'case $1 in -*) shift;; esac; exec "$@"',
};

const CASES: readonly (readonly [string, { text: string; args?: readonly string[] }])[] = [
  ...Object.entries(WAYS).map(([name, text]) => [name, { text }] as const),
  ...Object.entries(SCRIPTS),
];

/** A real shell cannot run lines with carriage returns. */
const COPIED = new Set(['CRLF and a byte order mark']);

const runnable = CASES.filter(([name]) => !COPIED.has(name));
const scriptOf = (name: string) => join(folder, `${name.replaceAll(/\W+/g, '-')}.sh`);

/** Runs all scripts with the real bash and the real ipvsadm, which saves the table after each. */
beforeAll(async () => {
  mkdirSync(join(folder, 'bin'));
  for (const [name, text] of Object.entries(PROGRAMS)) {
    const path = join(folder, 'bin', name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }
  const lines = runnable.map(([name, { text, args = [] }]) => {
    const script = scriptOf(name);
    writeFileSync(script, `#!/bin/bash\n${text}`);
    chmodSync(script, 0o755);
    return `ipvsadm -C; ${script} ${args.join(' ')} >${script}.log 2>&1; ipvsadm -Sn >${script}.save\n`;
  });
  writeFileSync(join(folder, 'all'), `cd ${folder}; PATH=${folder}/bin:$PATH\n${lines.join('')}`);
  await shell.run('sh', [join(folder, 'all')]);
  await ipvsadm('-C');
}, 120_000);

test.each(runnable)('a script with %s makes the table that bash makes', (name, { text, args }) => {
  const script = scriptOf(name);
  const { desired, issues } = readShellScript(`#!/bin/bash\n${text}`, { file: script, args });
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  const real = linesOf(readFileSync(`${script}.save`, 'utf8'));
  const log = readFileSync(`${script}.log`, 'utf8');
  expect({ log, lines: desired && asIpvsadmSaves(formatSave(desired)) }).toEqual({
    log,
    lines: real,
  });
  expect(real.length).toBeGreaterThan(0);
});
