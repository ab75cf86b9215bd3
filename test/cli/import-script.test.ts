import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PROGRAM } from '../support/program.ts';

const root = new URL('../..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'ipvstate-script-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MARK = join(folder, 'mark');
const SECRET = join(folder, 'secret');

/** Every way of a script to write, read or execute something. Each would leave or show a mark. */
const HOSTILE = `#!/bin/bash
echo mark > ${MARK}
touch ${MARK}; mkdir -p ${MARK}; cp /bin/sh ${MARK}; /usr/bin/touch ${MARK}; ln -s / ${MARK}
exec 3> ${MARK}; echo mark >&3; tee ${MARK} < /dev/null; dd of=${MARK} if=/dev/zero count=1
(touch ${MARK}) & wait
sh -c "touch ${MARK}"; bash -c 'touch ${MARK}'; eval touch ${MARK}; env touch ${MARK}; sudo touch ${MARK}
x=$(touch ${MARK}); y=\`touch ${MARK}\`; z=$((\`touch ${MARK}\`)); cat <(touch ${MARK})
python3 -c "open('${MARK}', 'w')"; node -e "require('fs').writeFileSync('${MARK}', '')"
find . -exec touch ${MARK} \\; ; xargs touch <<< ${MARK}; trap "touch ${MARK}" EXIT
. ${SECRET}; source ${SECRET}; read S < ${SECRET}; T=$(cat ${SECRET}); U=$(< ${SECRET})
for f in ${folder}/*; do echo $f; cat $f; done
exec 5<>/dev/tcp/127.0.0.1/1
rm -rf ${SECRET} ${folder}
kill -9 $PPID $$; kill 0
ipvsadm -A -t \${HOME:+192.0.2.1}:80 -s rr
ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1 -m
`;

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

it('runs a script without reading, writing or executing anything of the machine', () => {
  const script = join(folder, 'lvs.sh');
  writeFileSync(SECRET, 'echo "password: mark"\n');
  writeFileSync(script, HOSTILE);
  // Node itself refuses child processes, writes, and reads of all but the program and the script.
  const allowed = [root, script, '/etc/services'].map((path) => `--allow-fs-read=${path}`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [permission, '--no-warnings', ...allowed, PROGRAM, 'import', '--plain', script],
    { encoding: 'utf8', cwd: root },
  );
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stdout).toContain('192.0.2.1:80');
  expect(stdout).not.toContain('password');
  expect(existsSync(MARK)).toBe(false);
  expect(readFileSync(SECRET, 'utf8')).toContain('password');
});

it('would be caught executing a program', () => {
  const code = `require('node:child_process').execFileSync('touch', [${JSON.stringify(MARK)}])`;
  const { status } = spawnSync(process.execPath, [permission, '-e', code], { encoding: 'utf8' });
  expect(status).not.toBe(0);
  expect(existsSync(MARK)).toBe(false);
});

it('gives the arguments after the file to a script, and refuses them for other text', () => {
  const script = join(folder, 'words.sh');
  writeFileSync(script, 'V=192.0.2.1\nipvsadm -A -t $V:$2 -s $1\n');
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [PROGRAM, 'import', ...args], { encoding: 'utf8' });
  expect(run('-o', 'save', script, 'wlc', '443')).toMatchObject({
    status: 0,
    stdout: '-A -t 192.0.2.1:443 -s wlc\n',
  });
  const rules = join(folder, 'ipvsadm.rules');
  writeFileSync(rules, '-A -f 1 -s rr\n');
  const refused = run(rules, 'start');
  expect(refused.status).toBe(65);
  expect(refused.stderr).toContain('this is no shell script, and takes no arguments');
});

it('applies no script: the message names the command that translates it', () => {
  const script = join(folder, 'apply.sh');
  writeFileSync(script, 'V=192.0.2.1\nipvsadm -A -t $V:80 -s rr\n');
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'plan', '-f', script], {
    encoding: 'utf8',
  });
  expect(status).toBe(65);
  expect(stderr).toContain('this is a shell script');
  expect(stderr).toContain(`translate it once: ipvstate import ${script} > ipvs.yaml`);
});
