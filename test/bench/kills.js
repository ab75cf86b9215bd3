#!/usr/bin/env node
// node test/bench/kills.js [--kills 100] [--seed N] [--program dist/cli.cjs] [--verbose]
//
// Kills `apply` and `watch` with SIGKILL at random times while they change a table of services of
// every kind, on a real kernel in User-Mode Linux, until --kills of them have left the table
// between two states. Others do not count. After each kill it looks at the table: the services of
// somebody else are as they were, counters included, and a service that is served before and after
// the change is served. Then `apply`, `rollback` or a new daemon must reach its goal. Exits 1 when
// one of these did not hold.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  CANARY_ADDRESSES,
  CANARY_LINES,
  isCanary,
  randomTable,
  servedServices,
} from './kill-tables.js';
import { seededRandom } from './random.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    program: { type: 'string', default: join(root, 'dist/cli.cjs') },
    verbose: { type: 'boolean', default: false },
    inside: { type: 'boolean', default: false },
  },
});

const SERVICES = 128;
const LIMIT_MILLISECONDS = 120_000;
const random = seededRandom(values.seed);
const begun = performance.now();
const note = (text) => {
  if (!values.verbose) return;
  process.stdout.write(`${((performance.now() - begun) / 1000).toFixed(1)} s: ${text}\n`);
};

const ipvsadm = (args, input) =>
  execFileSync('ipvsadm', args.split(' '), { encoding: 'utf8', input, maxBuffer: 1 << 26 });
const saved = () => ipvsadm('-Sn').split('\n').filter(Boolean);
const live = () =>
  saved()
    .filter((line) => !isCanary(line))
    .sort();
const isSame = (a, b) => a.length === b.length && a.every((line, index) => line === b[index]);
/**
 * The canaries with their numbers of connections: a service that was deleted and added again begins
 * at zero. Packets do not count, as clients send some again.
 */
const canaryState = () =>
  [
    ...saved().filter(isCanary),
    ...ipvsadm('-Ln --stats --exact')
      .split('\n')
      .map((line) => /^(?:.*203\.0\.113\.|FWM +7 | {2}-> 10\.9\.)\S* +\d+/.exec(line)?.[0] ?? '')
      .filter(Boolean),
  ].join('\n');

/** Sends something to each canary, so that its counters are not zero. */
const TOUCH = `import socket
tcp = [("203.0.113.1", 80), ("203.0.113.2", 80)]
for address in tcp:
    s = socket.socket(); s.setblocking(False); s.connect_ex(address)
for address in [("203.0.113.3", 53), ("203.0.113.4", 53)]:
    socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", address)
`;

async function until(condition, whatFor) {
  const end = Date.now() + LIMIT_MILLISECONDS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within two minutes: ${whatFor}`);
    await sleep(500);
  }
}

class World {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-kills-'));
  file = join(this.folder, 'ipvs.yaml');
  daemon;

  /** The folder of the journal, which the first run makes. */
  get #journalFolder() {
    const state = join(this.folder, 'state');
    return join(state, readdirSync(state)[0] ?? '');
  }

  write({ yaml }) {
    writeFileSync(`${this.file}.new`, yaml);
    renameSync(`${this.file}.new`, this.file);
  }

  spawn(verb, ...args) {
    const env = {
      ...process.env,
      IPVSTATE_RUNTIME_DIR: join(this.folder, 'run'),
      IPVSTATE_STATE_DIR: join(this.folder, 'state'),
    };
    const argv = ['-n', '20', process.execPath, values.program, verb, ...args];
    const child = spawn('nice', argv, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk) => {
        child.said += chunk;
      });
    child.ended = new Promise((resolve) => child.on('close', resolve));
    return child;
  }

  apply() {
    return this.spawn('apply', '-f', this.file, '--yes', '-q');
  }

  startDaemon() {
    const fast = ['--interval', '1s', '--debounce', '50ms', '--log-level', 'warn'];
    this.daemon = this.spawn('watch', '-f', this.file, ...fast);
    return this.daemon;
  }

  async stopDaemon() {
    const { daemon } = this;
    if (!daemon) return;
    this.daemon = undefined;
    daemon.kill('SIGTERM');
    const status = await daemon.ended;
    if (status !== 0) throw new Error(`watch ended with ${status}: ${daemon.said}`);
  }

  /**
   * Resolves when the journal has grown by so many bytes, or when the child has ended. The journal
   * gets each wave of a run before it is sent, and the answers after.
   */
  growth(bytes, child) {
    const start = this.#journalSize();
    return new Promise((resolve, reject) => {
      const end = (settle) => {
        clearTimeout(timer);
        watcher.close();
        settle();
      };
      const timer = setTimeout(
        () => end(() => reject(new Error(`nothing was written in two minutes: ${child.said}`))),
        LIMIT_MILLISECONDS,
      );
      const look = () => {
        const size = this.#journalSize();
        // A journal that has become smaller is a new file.
        if (size >= start + bytes || size < start) end(resolve);
      };
      const watcher = watch(this.#journalFolder, look);
      child.ended.then(() => end(resolve));
    });
  }

  #journalSize() {
    return (
      statSync(join(this.#journalFolder, 'journal.jsonl'), { throwIfNoEntry: false })?.size ?? 0
    );
  }

  /** Returns by how much the journal grows until `done` and then stays as it is. */
  async growthUntil(done) {
    const start = this.#journalSize();
    await until(done, 'an undisturbed change');
    await this.quiet();
    return this.#journalSize() - start;
  }

  /** Resolves when nothing has been written to the journal for a while. */
  async quiet() {
    for (let [before, now] = [-1, 0]; before !== now; ) {
      await sleep(300);
      [before, now] = [now, this.#journalSize()];
    }
  }
}

/** Each verb that is killed: what precedes the change of the file, and what follows it. */
const VICTIMS = {
  apply: { before: (world) => world.stopDaemon(), after: (world) => world.apply() },
  watch: {
    before: async (world) => {
      if (world.daemon) return;
      world.startDaemon();
      await until(() => existsControlSocket(world), 'the control socket of the daemon');
      await world.quiet();
    },
    after: ({ daemon }) => daemon,
  },
};

async function begin(world, victim, desired) {
  await VICTIMS[victim].before(world);
  world.write(desired);
  return VICTIMS[victim].after(world);
}

const existsControlSocket = ({ folder }) =>
  readdirSync(join(folder, 'run'), { recursive: true }).some((path) =>
    String(path).endsWith('control.sock'),
  );

async function finish(child, what) {
  const status = await child.ended;
  if (status !== 0) throw new Error(`${what} ended with ${status}: ${child.said}`);
  if (!/was cut off after operation/.test(child.said))
    throw new Error(`${what} does not say that a run was cut off: ${child.said}`);
}

/** Each way to go on after a kill. All end with the desired table. */
const WAYS_ON = {
  apply: (world) => finish(world.apply(), 'apply'),
  rollback: async (world, before, _desired, lastGood) => {
    await finish(world.spawn('rollback', '--yes', '-q'), 'rollback');
    // Runs that were killed before this one, after their last operation, are rolled back with it.
    const table = live();
    if (![before, lastGood].some(({ lines }) => isSame(table, lines)))
      throw new Error('rollback did not reach the table before');
    const again = world.apply();
    const status = await again.ended;
    if (status !== 0) throw new Error(`apply ended with ${status}: ${again.said}`);
  },
  watch: async (world, _before, desired) => {
    const daemon = world.startDaemon();
    await until(() => isSame(live(), desired.lines), 'the daemon reaches the desired table');
    if (!/was cut off after operation/.test(daemon.said))
      throw new Error(`watch does not say that a run was cut off: ${daemon.said}`);
  },
};

function problemsOf(table, before, desired, canaries) {
  const problems = [];
  const now = canaryState();
  if (now !== canaries) problems.push(`a canary changed from\n${canaries}\nto\n${now}`);
  const served = servedServices(table);
  const after = servedServices(desired.lines);
  for (const service of servedServices(before.lines))
    if (after.has(service) && !served.has(service)) problems.push(`${service} is not served`);
  return problems;
}

async function kills(wanted) {
  const world = new World();
  const landed = { apply: 0, watch: 0 };
  const waysOn = { apply: 0, rollback: 0, watch: 0 };
  const problems = [];
  let attempts = 0;
  // A guest has one processor, and the kill must not wait for its victim.
  setPriority(-20);
  for (const address of CANARY_ADDRESSES)
    spawnSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
  ipvsadm('-R', `${CANARY_LINES.join('\n')}\n`);
  spawnSync('python3', ['-c', TOUCH], { stdio: 'inherit' });
  // The kernel adds up its counters every two seconds.
  await sleep(6000);
  const canaries = canaryState();

  let before = randomTable(random, SERVICES);
  world.write(before);
  const first = world.apply();
  if ((await first.ended) !== 0) throw new Error(`apply failed: ${first.said}`);
  /** By how much the journal grows while each verb writes. */
  const growths = {};
  for (const victim of Object.keys(VICTIMS)) {
    const desired = randomTable(random, SERVICES);
    await begin(world, victim, desired);
    growths[victim] = await world.growthUntil(() => isSame(live(), desired.lines));
    note(`${victim} writes ${growths[victim]} bytes to its journal`);
    before = desired;
  }
  /** The table that the last run left which was not killed. */
  let lastGood = before;
  /** From the write to the journal to the kill, in milliseconds. */
  let longestWait = 100;
  const count = () => landed.apply + landed.watch;
  while (count() < wanted && problems.length === 0) {
    if (++attempts > 100 * wanted) throw new Error('too few kills land between two states');
    const victim = random.pick(Object.keys(VICTIMS));
    const desired = randomTable(random, SERVICES);
    const child = await begin(world, victim, desired);
    await world.growth((random.below(1000) / 1000) * growths[victim], child);
    await sleep((random.below(1000) / 1000) * longestWait);
    child.kill('SIGKILL');
    await child.ended;
    world.daemon = undefined;

    const table = live();
    const isEarly = isSame(table, before.lines);
    const isLate = isSame(table, desired.lines);
    const isBetween = !isEarly && !isLate;
    // The machine is not equally fast all the time.
    longestWait *= isEarly ? 1.2 : isLate ? 0.7 : 1;
    note(
      `${victim} was killed ${isBetween ? 'between two states' : isEarly ? 'too early' : 'too late'}`,
    );
    if (isBetween) {
      landed[victim]++;
      problems.push(...problemsOf(table, before, desired, canaries));
      const way = random.pick(Object.keys(WAYS_ON));
      waysOn[way]++;
      note(`goes on with ${way}`);
      await WAYS_ON[way](world, before, desired, lastGood).catch((error) =>
        problems.push(error.message),
      );
      await world.quiet();
      if (!isSame(live(), desired.lines)) problems.push('the desired table was not reached');
      problems.push(...problemsOf(live(), before, desired, canaries));
      lastGood = desired;
    }
    if (!isEarly) before = desired;
  }
  await world.stopDaemon();
  const damaged = readdirSync(world.folder, { recursive: true }).filter((path) =>
    String(path).includes('corrupt'),
  );
  if (damaged.length > 0) problems.push(`damaged records: ${damaged.join(', ')}`);
  rmSync(world.folder, { recursive: true, force: true });
  for (const address of CANARY_ADDRESSES)
    spawnSync('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo']);

  const counts = (record) =>
    Object.entries(record)
      .map(([name, number]) => `${number} ${name}`)
      .join(', ');
  process.stdout.write(
    `seed ${values.seed}: ${attempts} kills, ${count()} between two states (${counts(landed)}), went on with ${counts(waysOn)}: ${problems.length === 0 ? 'canaries unchanged, served throughout, all converged' : `FAILED\n${problems.join('\n')}`}\n`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}

const { inside, ...options } = values;
if (inside) await kills(Number(values.kills));
else {
  const limit = String(300 + 60 * Number(values.kills));
  const boot = ['test/kernel/boot/run.js', '--limit', limit, '--', process.execPath];
  const forwarded = Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : value === false ? [] : [`--${name}`, value],
  );
  const argv = [...boot, fileURLToPath(import.meta.url), ...forwarded, '--inside'];
  process.exitCode = spawnSync(process.execPath, argv, { cwd: root, stdio: 'inherit' }).status ?? 1;
}
