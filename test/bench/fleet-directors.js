#!/usr/bin/env node
// node test/bench/fleet-directors.js [--directors 5] [--only TEXT]...
//
// A fleet as it is in production, on a real kernel in User-Mode Linux: three members of Debian's
// etcd with TLS, directors that are `ipvstate watch` in network namespaces of their own, servers,
// and clients with traffic through the first director. Everything that can go wrong with etcd, with
// directors and with a rollout happens one after the other. Prints PASS or FAIL with figures, and
// exits 1 after a failure. --only runs those whose name contains TEXT.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FAULTS } from './directors/faults.js';
import { Fleet } from './directors/fleet.js';
import { ROLLOUTS } from './directors/rollouts.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    directors: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true, default: [''] },
    inside: { type: 'boolean', default: false },
  },
});
const LOG_LINES = 20;
/** On an idle machine, all of it takes 10 minutes. */
const LIMIT_SECONDS = 3600;

const say = (text) => process.stdout.write(`${text}\n`);

async function inside() {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-directors-'));
  const fleet = new Fleet(folder, join(root, 'dist/cli.cjs'), Number(values.directors));
  let failures = 0;
  const check = (text, isGood) => {
    say(`  ${isGood ? 'PASS' : 'FAIL'}  ${text}`);
    if (!isGood) failures++;
  };
  try {
    await fleet.start();
    for (const [name, run] of Object.entries({ ...ROLLOUTS, ...FAULTS })) {
      if (!values.only.some((text) => name.includes(text))) continue;
      say(name);
      const before = await fleet.requests();
      const seen = failures;
      try {
        await run(fleet, check);
      } catch (error) {
        check(error.message, false);
      }
      const after = await fleet.requests();
      const failed = after.failed - before.failed;
      check(`${failed} of ${after.made - before.made} requests failed meanwhile`, failed === 0);
      if (failures > seen) {
        await describe(fleet);
        await fleet.heal();
      }
    }
  } finally {
    await fleet.stop();
  }
  say(failures === 0 ? 'all passed' : `${failures} failed`);
  process.exitCode = failures === 0 ? 0 : 1;
}

/** Says what the fleet and each director think. */
async function describe(fleet) {
  const { stdout, stderr } = await fleet.fleet('status');
  say(stdout + stderr);
  for (const director of fleet.directors) {
    say(`--- ${director.name}`);
    say(director.log().split('\n').slice(-LOG_LINES).join('\n'));
  }
}

if (values.inside) await inside();
else {
  const boot = [
    'test/kernel/boot/run.js',
    '--limit',
    String(LIMIT_SECONDS),
    '--',
    process.execPath,
  ];
  const only = values.only.flatMap((text) => ['--only', text]);
  const own = ['--inside', '--directors', values.directors, ...only];
  const argv = [...boot, fileURLToPath(import.meta.url), ...own];
  process.exitCode = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
