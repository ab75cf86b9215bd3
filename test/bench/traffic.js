#!/usr/bin/env node
// node test/bench/traffic.js
//
// What changes of a table cost the clients, on a real kernel in User-Mode Linux: the same changes
// by `ipvstate` and by the real `ipvsadm-restore`, while a client in another network namespace
// fetches without pause, with new connections and with kept ones. Prints requests and failures of
// each change.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { layNetwork, SERVERS, startTraffic, VIP } from './network.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/cli.cjs');

const config = (weights) => `version: 1
defaults: { forward: masq, drain: 20s }
services:
  - address: tcp://${VIP}:80
    scheduler: wrr
    destinations: [${Object.entries(weights)
      .map(([server, weight]) => `{ address: "${SERVERS[server]}:8080", weight: ${weight} }`)
      .join(', ')}]
`;
const rules = (weights) =>
  `-A -t ${VIP}:80 -s wrr\n${Object.entries(weights)
    .map(([server, weight]) => `-a -t ${VIP}:80 -r ${SERVERS[server]}:8080 -m -w ${weight}\n`)
    .join('')}`;

const CHANGES = [
  ['replace all servers', { 3: 1, 4: 1, 5: 1 }],
  ['change weights', { 3: 5, 4: 1, 5: 3 }],
  ['take one server out', { 3: 5, 5: 3 }],
  ['put it back', { 3: 5, 4: 1, 5: 3 }],
  ['replace all servers again', { 0: 1, 1: 1, 2: 1 }],
];
const FIRST = { 0: 1, 1: 1, 2: 1 };

async function inside() {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-traffic-'));
  const env = {
    ...process.env,
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'state'),
  };
  const file = join(folder, 'shop.yaml');
  const ipvstate = (args, weights) => {
    writeFileSync(file, config(weights));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [cli, ...args, '-f', file, '--yes', '-q'],
      { env, encoding: 'utf8' },
    );
    return { status, text: stdout + stderr };
  };
  const restore = (weights) => execFileSync('ipvsadm-restore', { input: rules(weights) });
  layNetwork();
  restore(FIRST);
  const traffic = await startTraffic();
  await sleep(3000);
  const rows = [];
  const measure = async (who, what, act) => {
    await sleep(1000);
    const before = await traffic.counts();
    await act();
    await sleep(4000);
    const after = await traffic.counts();
    const [fresh, kept] = ['fresh', 'kept'].map((kind) =>
      [0, 1].map((at) => after[kind][at] - before[kind][at]),
    );
    rows.push({
      who,
      what,
      'new connections': fresh[0],
      failed: fresh[1],
      'kept connections': kept[0],
      'failed ': kept[1],
    });
  };
  try {
    for (const [what, weights] of CHANGES) {
      await measure('ipvstate', what, async () => {
        const { status, text } = ipvstate(['apply', '--wait'], weights);
        if (status !== 0) throw new Error(text);
      });
    }
    await measure('ipvstate', 'try other weights, not confirmed', async () => {
      const { status, text } = ipvstate(['try', '--timeout', '3s'], { 0: 9, 1: 0, 2: 1 });
      if (status !== 8) throw new Error(text);
    });
    await measure('ipvstate', 'try, confirmed', async () => {
      ipvstate(['try', '--timeout', '30s', '--no-wait'], { 0: 1, 1: 1, 2: 2 });
      const { status, stderr } = spawnSync(process.execPath, [cli, 'confirm'], {
        env,
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
    });
    restore(FIRST);
    for (const [what, weights] of CHANGES)
      await measure('ipvsadm-restore', what, () => restore(weights));
  } finally {
    traffic.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  // biome-ignore lint/suspicious/noConsole: this is a program
  console.table(rows);
}

if (process.argv.includes('--inside')) await inside();
else {
  const boot = [
    'test/kernel/boot/run.js',
    '--limit',
    '600',
    '--',
    process.execPath,
    fileURLToPath(import.meta.url),
    '--inside',
  ];
  process.exitCode = spawnSync(process.execPath, boot, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
