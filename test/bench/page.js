#!/usr/bin/env node
// node test/bench/page.js [--size 1000x100] [--settle 110] [--look 60] [--program dist/cli.cjs]
//
// What the pages of `ipvstate watch` cost with a large table, on a real kernel in User-Mode Linux:
// the time until a browser has the status and all services, the CPU and the memory of the daemon
// before and while somebody looks. Goals: 1 s until the services, 20 MB more memory.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quad } from './inputs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1000x100' },
    settle: { type: 'string', default: '110' },
    look: { type: 'string', default: '60' },
    program: { type: 'string', default: join(root, 'dist/cli.cjs') },
    inside: { type: 'boolean', default: false },
  },
});

const say = (text) => process.stdout.write(`${text}\n`);

function fileText(services, destinations) {
  let text = 'version: 1\ndefaults: { forward: masq }\nservices:\n';
  for (let service = 0; service < services; service++) {
    text += `  - address: tcp://${quad(0xc6120001 + service)}:80\n    destinations:\n`;
    for (let each = 0; each < destinations; each++)
      text += `      - "${quad(0x0a000001 + service * destinations + each)}:8080"\n`;
  }
  return text;
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function resident(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000;
}

/** Asks for a page. `onData` gets each part of the answer. Resolves with the whole answer. */
function ask(socketPath, path, onData = () => {}) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        onData(part, asked);
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
      response.on('error', () => resolve({ status: response.statusCode, text }));
    });
    asked.on('error', reject).end();
  });
}

/** Follows the events. Resolves with the times of the first events, and the function that ends. */
async function follow(socketPath, query = '') {
  const begun = performance.now();
  const times = {};
  let bytes = 0;
  let end = () => {};
  await new Promise((resolve) => {
    let text = '';
    ask(socketPath, `/events${query}`, (part, asked) => {
      end = () => asked.destroy();
      bytes += part.length;
      if (times.services !== undefined) return;
      text += part;
      if (text.includes('event: status\n')) times.status ??= performance.now() - begun;
      if (!/event: services\n.*\n\n/.test(text)) return;
      times.services = performance.now() - begun;
      resolve();
    }).catch(() => {});
  });
  return { times, end, bytes: () => bytes };
}

async function measure(services, destinations) {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-bench-'));
  const socket = join(folder, 'http.sock');
  writeFileSync(join(folder, 'ipvs.yaml'), fileText(services, destinations));
  const daemon = spawn(
    process.execPath,
    [
      ...[values.program, 'watch', '-f', join(folder, 'ipvs.yaml'), '--listen', socket],
      ...['--control-socket', join(folder, 'control.sock'), '--log-level', 'error'],
    ],
    {
      env: {
        ...process.env,
        IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
        IPVSTATE_STATE_DIR: join(folder, 'state'),
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const isReady = async () => (await ask(socket, '/readyz').catch(() => ({}))).status === 200;
  while (!(await isReady())) await sleep(200);
  // V8 collects the garbage of the start once, within 100 s.
  await sleep(Number(values.settle) * 1000);
  const percent = async (seconds) => {
    const before = cpuSeconds(daemon.pid);
    await sleep(seconds * 1000);
    return (((cpuSeconds(daemon.pid) - before) / seconds) * 100).toFixed(2);
  };
  const alone = resident(daemon.pid);
  say(`nobody looks: ${await percent(20)} % of a core, ${alone.toFixed(0)} MB`);
  const first = await follow(socket);
  const { status, services: whole } = first.times;
  say(`first state: status after ${status.toFixed(0)} ms, services after ${whole.toFixed(0)} ms`);
  say(`             ${(first.bytes() / 1e6).toFixed(2)} MB`);
  const others = [];
  for (let each = 0; each < 9; each++)
    others.push(await follow(socket, `?service=tcp://${quad(0xc6120001 + each)}:80`));
  const looked = await percent(Number(values.look));
  const most = resident(daemon.pid);
  say(
    `10 clients look: ${looked} % of a core, ${most.toFixed(0)} MB: ${(most - alone).toFixed(0)} more`,
  );
  const { text } = await ask(socket, '/api/v1/services');
  say(`at most one read in ${JSON.parse(text).interval_seconds.toFixed(1)} s`);
  for (const { end } of [first, ...others]) end();
  await sleep(20_000);
  say(`nobody looks: ${await percent(20)} % of a core, ${resident(daemon.pid).toFixed(0)} MB`);
  daemon.kill();
  await new Promise((resolve) => daemon.on('exit', resolve));
  rmSync(folder, { recursive: true });
}

if (values.inside) {
  await measure(...values.size.split('x').map(Number));
} else {
  const boot = join(root, 'test/kernel/boot/run.js');
  const self = [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--inside'];
  const args = [boot, '--limit', '1800', '--', process.execPath, ...self];
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
