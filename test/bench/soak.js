#!/usr/bin/env node
// node test/bench/soak.js [--minutes 5] [--seed N] [--program dist/cli.cjs]
//
// A daemon under everything at once, on a real kernel in User-Mode Linux: random edits of its
// files, valid and invalid, renames, cut and deleted files, ipvsadm meddling, `ipvsadm -C`, SIGHUP,
// SIGKILL and restart, a module that is unloaded and loaded, while clients in another network
// namespace fetch without pause: over TCP, UDP and SCTP, from a persistent service, and from ports
// that come again. After each burst it is quiet, and the table must be what the files say. Exits 1
// when it was not, when a request failed that nobody but the daemon can have failed, or when its
// memory grew.
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from './random.js';
import {
  CLIENT,
  FLOW_KINDS,
  FLOWS,
  isServed,
  network,
  REALS,
  SERVER,
  VIP,
} from './soak-traffic.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    program: { type: 'string', default: join(root, 'dist/cli.cjs') },
    inside: { type: 'boolean', default: false },
  },
});

/** The same run again with the same --seed. */
const { below: random, pick } = seededRandom(values.seed);

const ended = (child) =>
  child.exitCode !== null || child.signalCode !== null
    ? undefined
    : new Promise((resolve) => child.on('exit', resolve));
const ipvsadm = (args) => spawnSync('ipvsadm', args.split(' '), { encoding: 'utf8' }).stdout;

/** A service of FLOWS, with one to three servers. */
function flowService([port, kind]) {
  const first = random(REALS.length);
  const servers = REALS.filter((_, index) => index === first || random(2) === 0);
  const persistence = kind === 'persistent' ? ', persistence: 10m' : '';
  const protocol = kind === 'persistent' ? 'tcp' : kind;
  const destinations = servers
    .map((address) => `{ address: "${address}:9080", weight: ${1 + random(3)} }`)
    .join(', ');
  const scheduler = pick(['rr', 'wrr', 'wlc']);
  return `  - { address: "${protocol}://${VIP}:${port}", scheduler: ${scheduler}${persistence}, drain: 10s, destinations: [${destinations}] }\n`;
}

/** With these, the kernel sends flows that a deleted server leaves behind to another one. */
const SYSCTLS =
  'sysctls: { mode: enforce, values: { expire_nodest_conn: 1, expire_quiescent_template: 1 } }\n';

/**
 * The service with traffic, always with a server of weight 1 or more, and others that come and go,
 * each once it has no connections.
 */
function configuration() {
  const weights = REALS.map(() => random(4));
  if (weights.every((weight) => weight === 0)) weights[0] = 1;
  const kept = REALS.map((address, index) => ({ address, weight: weights[index] })).filter(
    ({ weight }, index) => weight > 0 || index === 0,
  );
  const service = (address, scheduler, list, drain = 'off') =>
    `  - { address: "${address}", scheduler: ${scheduler}, drain: ${drain}, destinations: [${list.map((each) => `{ address: "${each.address}:8080", weight: ${each.weight} }`).join(', ')}] }\n`;
  const others = Array.from({ length: 8 + random(3) }, (_, index) =>
    service(`tcp://192.0.2.${index + 1}:80`, pick(['rr', 'wlc', 'sh']), [
      { address: `10.98.0.${1 + random(9)}`, weight: 1 + random(9) },
    ]),
  );
  return `version: 1\ndefaults: { forward: masq }\nlimits: { max_service_deletes: off }\n${SYSCTLS}services:\n${service(`tcp://${VIP}:80`, pick(['rr', 'wrr', 'wlc']), kept, '10s')}${Object.entries(FLOWS).map(flowService).join('')}${others.join('')}`;
}

const replace = (path, text) => {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
};

/** The time in which the table must be what the files say, once nobody else does anything. */
const CONVERGENCE_MILLISECONDS = 120_000;

/** Requests that go to a server without the balancer. */
const DIRECT = 'tcp, not balanced';

/** A request without an answer for this time has failed. */
const PATIENCE_MILLISECONDS = 5500;

/** The failed requests that clients have printed. */
function failuresIn(text) {
  return [...text.matchAll(/^FAILED (\d+) (.*)$/gm)].map(([, at, error]) => ({
    at: Number(at),
    error,
  }));
}

/** The entries of the daemon's log that may have to do with a request that began at `at`. */
function logAround(text, at) {
  return text.split(/^(?=\d{4}-)/m).filter((entry) => {
    const time = Date.parse(entry.slice(0, 20));
    return time > at - 15_000 && time < at + 4000;
  });
}

/** A loss of the table by the hand of others. It ends when all services are served again. */
function lose() {
  const loss = { from: Date.now(), until: Number.POSITIVE_INFINITY };
  // The first look comes when the table is gone.
  const timer = setInterval(() => {
    if (!isServed()) return;
    loss.until = Date.now();
    clearInterval(timer);
  }, 50).unref();
  return loss;
}

async function soak() {
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-soak-'));
  const conf = join(folder, 'conf');
  const file = join(conf, 'ipvs.yaml');
  const log = join(folder, 'daemon.log');
  const env = {
    ...process.env,
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'state'),
  };
  mkdirSync(conf);
  network();
  let wanted = configuration();
  replace(file, wanted);
  const counts = {};
  const count = (name) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const losses = [];
  /** The actions so far, with their times. */
  const actions = [];
  let daemon;
  const start = () => {
    const args = [
      'watch',
      '-f',
      conf,
      '--control-socket',
      join(folder, 'control.sock'),
      '--interval',
      '300ms',
      '--debounce',
      '100ms',
      '--resync',
      '20s',
    ];
    daemon = spawn(process.execPath, [values.program, ...args], {
      env,
      stdio: ['ignore', 'ignore', openSync(log, 'a')],
    });
  };
  const status = () =>
    new Promise((resolve) => {
      let text = '';
      const socket = createConnection(join(folder, 'control.sock'), () =>
        socket.write('{"command":"status"}\n'),
      );
      socket.setEncoding('utf8').on('error', () => resolve(undefined));
      socket.on('close', () => resolve(text.endsWith('\n') ? JSON.parse(text).status : undefined));
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.endsWith('\n')) socket.destroy();
      });
    });
  const check = () =>
    spawnSync(process.execPath, [values.program, 'check', '-f', file, '-q'], {
      env,
      encoding: 'utf8',
    });
  const resident = () =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1] ?? 0) /
    1000;

  start();
  while ((await status())?.health !== 'in-sync') await sleep(50);
  const hasSctp = spawnSync('modprobe', ['sctp']).status === 0;
  const program = (name) => join(root, 'test/bench/programs', name);
  const servers = [
    [process.execPath, '-e', SERVER, ...REALS],
    [process.execPath, program('flow-server.js'), ...REALS],
    ...(hasSctp ? [['python3', program('sctp.py'), 'server', ...REALS]] : []),
  ].map(([command, ...argv]) => spawn(command, argv, { stdio: 'ignore' }));
  await sleep(3000);
  const client = spawn('ip', ['netns', 'exec', 'client', process.execPath, '-e', CLIENT], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const flows = [
    [process.execPath, program('flow-client.js'), VIP, '9000', ...FLOW_KINDS],
    [process.execPath, program('flow-client.js'), REALS[0], '9080', 'tcp'],
    ...(hasSctp ? [['python3', program('sctp.py'), 'client', VIP, '9003']] : []),
  ].map((argv) => spawn('ip', ['netns', 'exec', 'client', ...argv]));
  const flowErrors = flows.map(() => '');
  for (const [index, { stderr }] of flows.entries())
    stderr.setEncoding('utf8').on('data', (chunk) => {
      flowErrors[index] += chunk;
    });
  const countFlows = async () => {
    const answers = flows.map(
      (each) =>
        new Promise((resolve) => {
          each.stdout.once('data', (text) => resolve(JSON.parse(String(text))));
          each.stdin.write('\n');
        }),
    );
    const [byKind, { tcp: direct }, sctp] = await Promise.all(answers);
    return { ...byKind, ...(sctp && { sctp }), [DIRECT]: direct };
  };
  client.stdout.setEncoding('utf8').on('data', (chunk) => {
    said += chunk;
  });

  const ACTIONS = {
    'valid edit': () => {
      wanted = configuration();
      replace(file, wanted);
    },
    'edit in place': () => {
      wanted = configuration();
      writeFileSync(file, wanted);
    },
    'invalid file': () =>
      replace(
        file,
        pick([
          '',
          'version: 1\n',
          'services: [',
          wanted.replace('address', 'adress'),
          `${wanted}\n- x`,
        ]),
      ),
    'cut file': () => {
      writeFileSync(file, wanted.slice(0, random(wanted.length)));
      writeFileSync(file, wanted);
    },
    'deleted file': () => rmSync(file, { force: true }),
    'replaced folder': () => {
      rmSync(`${conf}.old`, { recursive: true, force: true });
      renameSync(conf, `${conf}.old`);
      mkdirSync(conf);
      replace(file, wanted);
    },
    meddling: () => {
      const service = `192.0.2.${1 + random(8)}:80`;
      ipvsadm(
        pick([
          `-D -t ${service}`,
          `-A -t 192.0.2.${100 + random(9)}:80 -s rr`,
          `-a -t ${service} -r 10.97.0.${1 + random(9)}:80 -m`,
          `-E -t ${service} -s lc`,
        ]),
      );
    },
    'ipvsadm -C': () => {
      losses.push(lose());
      ipvsadm('-C');
    },
    'module reload': () => {
      losses.push(lose());
      ipvsadm('-C');
      spawnSync('sh', [
        '-c',
        'for module in $(grep -o "^ip_vs_[a-z_]*" /proc/modules); do rmmod $module; done; rmmod ip_vs; modprobe ip_vs',
      ]);
    },
    // Node.js itself takes a while to start, and until then nobody hears it.
    SIGHUP: async () => {
      while (!(await status())) await sleep(50);
      daemon.kill('SIGHUP');
    },
    'SIGKILL and restart': async () => {
      daemon.kill('SIGKILL');
      await ended(daemon);
      start();
    },
  };
  // Actions that interrupt traffic are rarer than the others.
  const names = Object.keys(ACTIONS).flatMap((name) =>
    /-C|module/.test(name) ? [name] : Array(name.startsWith('SIGKILL') ? 2 : 6).fill(name),
  );

  const problems = [];
  const memory = [];
  let slowest = 0;
  const end = Date.now() + Number(values.minutes) * 60_000;
  while (Date.now() < end) {
    for (let action = 0; action < 1 + random(5); action++) {
      const name = pick(names);
      count(name);
      actions.push({ at: Date.now(), name });
      await ACTIONS[name]();
      await sleep(random(400));
    }
    // Quiet, with a good file: whatever came before, this is what counts.
    mkdirSync(conf, { recursive: true });
    replace(file, wanted);
    count('quiet seconds');
    await sleep(1000);
    // A start of the daemon takes seconds here, on a machine with other load many of them. An
    // object that was meddled with is tried again later.
    const quietSince = Date.now();
    const deadline = quietSince + CONVERGENCE_MILLISECONDS;
    let found = check();
    while (found.status !== 0 && Date.now() < deadline) {
      const seen = await status();
      if (seen?.contested.length > 0) break;
      await sleep(200);
      found = check();
    }
    slowest = Math.max(slowest, Date.now() - quietSince);
    const seen = await status();
    if (seen?.contested.length > 0) count('contested');
    else if (found.status !== 0)
      problems.push(`not converged: ${found.stdout}${found.stderr}${JSON.stringify(seen)}`);
    if (seen) memory.push(resident());
  }
  client.kill();
  const flowCounts = await countFlows();
  for (const each of flows) each.kill();
  await sleep(500);
  for (const server of servers) server.kill();
  daemon.kill();
  await ended(daemon);

  const [byKind, direct, ...sctp] = flowErrors;
  const failed = failuresIn([said, byKind, ...sctp].join('\n'));
  // Requests that begin while the table is lost, or that wait for an answer when it is, fail by the
  // hand of whoever cleared it.
  const unlost = failed.filter(
    ({ at }) =>
      !losses.some(({ from, until }) => at > from - PATIENCE_MILLISECONDS && at < until + 500),
  );
  // A request beside a failed one that no balancer was in the way of fails because the guest stood
  // still.
  const stood = failuresIn(direct);
  const ours = unlost.filter(
    ({ at }) => !stood.some((other) => Math.abs(other.at - at) < PATIENCE_MILLISECONDS),
  );
  const byGuest = unlost.filter((failure) => !ours.includes(failure));
  const longestLoss = losses.reduce((most, { from, until }) => Math.max(most, until - from), 0);
  const third = Math.max(1, Math.floor(memory.length / 3));
  const average = (list) => list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
  const growth = average(memory.slice(-third)) - average(memory.slice(0, third));
  const described = ({ at, error }) => {
    const before = actions.filter((action) => action.at > at - 30_000 && action.at < at + 6000);
    const lost = losses.map(({ until }) => at - until).filter((since) => since > 0);
    return `request failed: ${new Date(at).toISOString()} ${error}; ${before.map((action) => `${action.name} ${action.at - at} ms`).join(', ')}; served again ${Math.min(...lost)} ms before`;
  };
  for (const failure of ours.slice(0, 10))
    problems.push(described(failure), ...logAround(readFileSync(log, 'utf8'), failure.at));
  if (growth > 40) problems.push(`memory grew by ${growth.toFixed(0)} MB`);
  const line = (name, value) => process.stdout.write(`${name.padEnd(28)} ${value}\n`);
  line('seed', values.seed);
  for (const [name, value] of Object.entries(counts)) line(name, value);
  line('requests', /^DONE (\d+)$/m.exec(said)?.[1] ?? 'unknown');
  for (const [kind, [requests, failures]] of Object.entries(flowCounts))
    line(`  of flows: ${kind}`, `${requests}, ${failures} failed`);
  if (!hasSctp) line('  of flows: sctp', 'this kernel has no SCTP');
  line("  failed, others' fault", failed.length - unlost.length);
  line('  failed, the guest stood', byGuest.length);
  line('  failed, our fault', ours.length);
  for (const failure of byGuest.slice(0, 20)) line('  while the guest stood', described(failure));
  line('slowest convergence', `${(slowest / 1000).toFixed(1)} s`);
  line('longest loss of the table', `${(longestLoss / 1000).toFixed(1)} s`);
  line(
    'memory',
    `${memory.at(0)?.toFixed(0)} MB at first, ${memory.at(-1)?.toFixed(0)} MB at last, growth ${growth.toFixed(1)} MB`,
  );
  line('result', problems.length === 0 ? 'converged each time' : `FAILED\n${problems.join('\n')}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
  rmSync(folder, { recursive: true, force: true });
}

const { inside, ...options } = values;
if (inside) await soak();
else {
  const limit = String(Math.ceil(Number(values.minutes) * 60) + 300);
  const args = [
    join(root, 'test/kernel/boot/run.js'),
    '--limit',
    limit,
    '--',
    process.execPath,
    fileURLToPath(import.meta.url),
  ];
  process.exitCode =
    spawnSync(
      process.execPath,
      [
        ...args,
        ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
        '--inside',
      ],
      {
        cwd: root,
        stdio: 'inherit',
      },
    ).status ?? 1;
}
