#!/usr/bin/env node
// node test/bench/watch.js [--sizes 10x100,1000x100] [--changes 20] [--settle 120] [--idle 120]
// [--files N] [--program dist/cli.cjs]
//
// How `ipvstate watch` does with a large table, on a real kernel in User-Mode Linux: the time from
// the rename of a file that changes one weight until the kernel holds it, less the debounce; what
// the daemon costs while nothing happens; its memory. The goals hold however many services did not
// change.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quad } from './inputs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const DEBOUNCE = 250;
const GOALS = { median: 100, worst: 250, percent: 0.2, megabytes: 100 };

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10x100,1000x100' },
    changes: { type: 'string', default: '20' },
    settle: { type: 'string', default: '120' },
    idle: { type: 'string', default: '120' },
    files: { type: 'string', default: '100' },
    program: { type: 'string', default: join(root, 'dist/cli.cjs') },
    inside: { type: 'boolean', default: false },
  },
});

const serviceAddress = (service) => `${quad(0xc6120001 + service)}:80`;

/** One file's part of the services, as YAML; `weight` is of the very first destination. */
function fileText(first, count, destinations, weight) {
  let text = 'version: 1\ndefaults: { forward: masq }\nservices:\n';
  for (let service = first; service < first + count; service++) {
    text += `  - address: tcp://${serviceAddress(service)}\n    destinations:\n`;
    for (let each = 0; each < destinations; each++) {
      const number = service * destinations + each;
      text += `      - { address: "${quad(0x0a000001 + number)}:8080", weight: ${service === first && each === 0 ? weight : 1 + (number % 100)} }\n`;
    }
  }
  return text;
}

function replace(path, text) {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function memory(pid, name) {
  return (
    Number(
      new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(
        readFileSync(`/proc/${pid}/status`, 'utf8'),
      )[1],
    ) / 1000
  );
}

function status(path) {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(path, () => socket.write('{"command":"status"}\n'));
    socket.setEncoding('utf8').on('error', () => resolve(undefined));
    socket.on('data', (chunk) => {
      text += chunk;
      if (!text.endsWith('\n')) return;
      socket.destroy();
      resolve(JSON.parse(text).status);
    });
  });
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const verdict = (value, goal) => `${value <= goal ? 'met' : 'MISSED'} (goal ${goal})`;

async function measure(services, destinations) {
  const { openKernel } = await import(join(root, 'dist/index.js'));
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-bench-'));
  const conf = join(folder, 'conf.d');
  mkdirSync(conf);
  const files = Math.min(services, Number(values.files));
  const each = services / files;
  const path = (file) => join(conf, `${String(file).padStart(4, '0')}.yaml`);
  for (let file = 0; file < files; file++)
    replace(path(file), fileText(file * each, each, destinations, 1));
  const env = {
    ...process.env,
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'state'),
  };
  const begun = performance.now();
  const daemon = spawn(
    process.execPath,
    [
      ...(process.env.IPVSTATE_NODE_ARGS ?? '').split(' ').filter(Boolean),
      values.program,
      'watch',
      '-f',
      conf,
      '--control-socket',
      join(folder, 'control.sock'),
      '--log-level',
      process.env.LOG ?? 'error',
    ],
    {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const socket = join(folder, 'control.sock');
  while (!(await status(socket))?.last_pass) await sleep(20);
  const first = await status(socket);
  const size = `${services}x${destinations} in ${files} files`;
  process.stdout.write(
    `${size}: first pass ${first.last_pass.outcome} after ${((performance.now() - begun) / 1000).toFixed(1)} s\n`,
  );

  const kernel = await openKernel();
  const key = `tcp://${serviceAddress(0)}`;
  const latencies = [];
  const passes = [];
  for (let change = 0; change < Number(values.changes); change++) {
    const weight = 1000 + change;
    const text = fileText(0, each, destinations, weight);
    const start = performance.now();
    replace(path(0), text);
    for (;;) {
      const { table } = await kernel.read({ services: [key] });
      const [found] = table.services.get(key).destinations.values();
      if (
        [...table.services.get(key).destinations.values()].some(
          (destination) => destination.weight === weight,
        )
      )
        break;
      if (performance.now() - start > 30_000) throw new Error(`not in the kernel: ${found.weight}`);
      await sleep(10);
    }
    latencies.push(performance.now() - start - DEBOUNCE);
    // Also what follows in the background, some of the time, so that changes meet it.
    await sleep(100 + ((change * 977) % 1500));
    passes.push((await status(socket)).last_pass.seconds * 1000);
  }
  kernel.close();
  const typical = median(latencies);
  const worst = Math.max(...latencies);
  process.stdout.write(
    `${size}: from rename to kernel, beyond the debounce (the pass itself: ${median(passes).toFixed(0)} ms):\n` +
      `  median ${typical.toFixed(0)} ms: ${verdict(typical, GOALS.median)}\n` +
      `  worst ${worst.toFixed(0)} ms: ${verdict(worst, GOALS.worst)}\n`,
  );
  // The daemon measures its first polls, and sets their interval by their cost. V8 collects the
  // garbage of the start once, within 100 s.
  await sleep(Number(values.settle) * 1000);
  const before = cpuSeconds(daemon.pid);
  await sleep(Number(values.idle) * 1000);
  const percent = ((cpuSeconds(daemon.pid) - before) / Number(values.idle)) * 100;
  const resident = memory(daemon.pid, 'VmRSS');
  process.stdout.write(
    `${size}: idle CPU ${percent.toFixed(2)} % of a core: ${verdict(percent, GOALS.percent)}\n`,
  );
  process.stdout.write(
    `${size}: memory ${resident.toFixed(0)} MB, peak ${memory(daemon.pid, 'VmHWM').toFixed(0)} MB: ${verdict(resident, GOALS.megabytes)}\n`,
  );
  daemon.kill();
  await new Promise((resolve) => daemon.on('exit', resolve));
  spawnSync('ipvsadm', ['-C']);
  rmSync(folder, { recursive: true });
}

if (values.inside) {
  for (const size of values.sizes.split(',')) await measure(...size.split('x').map(Number));
} else {
  process.stdout.write(
    `load ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}\n`,
  );
  const boot = join(root, 'test/kernel/boot/run.js');
  const args = [
    boot,
    '--limit',
    '1800',
    '--',
    process.execPath,
    fileURLToPath(import.meta.url),
    ...process.argv.slice(2),
    '--inside',
  ];
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
