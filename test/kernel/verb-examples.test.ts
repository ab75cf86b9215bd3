import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { systemState } from '../../src/recovery/state.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { EXAMPLES, type Example, ExampleFolder, RULES } from '../support/verb-examples.ts';
import { ipvsadm } from './real-programs.ts';

/** Commands that make the state that the examples of a verb are for. */
const BEFORE: Readonly<Record<string, string>> = {
  apply: 'plan -f ipvs.yaml --save ipvs.plan',
  show: 'plan -f ipvs.yaml --save ipvs.plan',
  diff: 'plan -f ipvs.yaml --save ipvs.plan',
  undrain: 'drain shop 10.1.0.11',
  overrides: 'drain shop 10.1.0.11',
  confirm: 'try -f ipvs.yaml --no-wait',
  rollback: 'apply -f ipvs.yaml --yes',
  history: 'apply -f ipvs.yaml --yes',
};

/** Verbs that ask the daemon. */
const OF_DAEMON: readonly string[] = [
  ...['status', 'health', 'reload', 'approve', 'pause', 'resume'],
  ...['drain', 'undrain', 'weight', 'overrides'],
];

/** Exit codes of examples that end with another one than 0 in this state. */
const EXITS: Readonly<Record<string, number>> = {
  'ipvstate rollback --yes --detailed-exitcode': 2,
  'ipvstate check -f ipvs.yaml -o json': 2,
  'ipvstate diff yesterday.yaml live': 2,
  // The guest forwards no packets.
  'ipvstate doctor -f ipvs.yaml -o json': 2,
  // No guard holds a plan back, and no run has this name.
  'ipvstate approve': 3,
  'ipvstate approve 4f2a96c1b0de': 3,
  'ipvstate history show mp3k2x1c': 64,
  'ipvstate rollback --to mp3k2x1c': 64,
  // The services of these files have no health checks.
  'ipvstate health --once shop 10.1.0.11 -f ipvs.yaml': 64,
};

/** Tells whether a line is more than the words of one command of ours. */
function usesShell(line: string): boolean {
  return !/^ipvstate(?: +(?:[\w.:/-]+|'[^']*'))*$/.test(line);
}

/**
 * The examples that run as they are typed, in a shell and in processes of their own: those that use
 * the shell, and the first of the others of each job. The rest run in this process: the start of
 * the program takes about a second in User-Mode Linux.
 */
const TYPED: ReadonlySet<string> = (() => {
  const lines = EXAMPLES.onKernel.flatMap(({ job, examples }) =>
    examples.map((line) => ({ job, line })),
  );
  const plain = lines.filter(({ line }) => !usesShell(line)).reverse();
  const firstOfJob = new Map(plain.map(({ job, line }) => [job, line]));
  const shell = lines.map(({ line }) => line).filter(usesShell);
  return new Set([...shell, ...firstOfJob.values()]);
})();

const repository = process.cwd();
let folder: ExampleFolder;
let daemon: DaemonInProcess | undefined;

beforeAll(() => {
  folder = new ExampleFolder();
  process.chdir(folder.path);
  // The daemon makes its runtime folder; an example has a socket in the one of the system.
  mkdirSync('/run/ipvstate', { recursive: true });
});
afterAll(async () => {
  await daemon?.stop();
  await ipvsadm('-C');
  process.chdir(repository);
  folder.remove();
});

/** Runs a command in this process, on the records of the typed lines. */
function run(line: string, signal?: AbortSignal) {
  const argv = [...line.matchAll(/'([^']*)'|[^ ']+/g)].map(([word, quoted]) => quoted ?? word);
  return runCli(argv, {
    ...{ openKernel, env: folder.env, state: systemState(folder.env) },
    ...(signal && { signal }),
  });
}

/** Starts an example in this process. */
function startHere(line: string): Example {
  const stopping = new AbortController();
  const ran = run(line.replace(/^ipvstate /, ''), stopping.signal);
  return {
    end: ran.then(({ status, stdout, stderr }) => ({ status, output: stdout + stderr })),
    stop: () => stopping.abort(),
  };
}

/** Runs an example to its end. Two of them wait: the daemon for a signal, a try for `confirm`. */
async function runExample(line: string) {
  const running = TYPED.has(line) ? folder.start(line) : startHere(line);
  if (line.startsWith('ipvstate watch')) {
    const isReady = until('a first pass', async () =>
      (await run('status')).stdout.includes('Last pass'),
    );
    await Promise.race([isReady, running.end]);
    running.stop();
  }
  if (/^ipvstate try (?!.*--no-wait)/.test(line)) {
    // A `confirm` before that could hold the lock when the try asks for it.
    const record = join(systemState(folder.env).folders.runtime, 'try.json');
    const isWaiting = until('a try that waits', () =>
      readFileSync(record, 'utf8').includes('"waiting"'),
    );
    const isOver = running.end.then(() => true);
    if (!(await Promise.race([isWaiting, isOver])))
      expect(await run('confirm --lock-timeout 1m')).toMatchObject({ status: 0 });
  }
  return running.end;
}

/** Lets the examples that ask the daemon find one. It runs from the first of them on. */
async function startDaemon(): Promise<void> {
  const args = ['-f', join(folder.path, 'ipvs.yaml'), '--max-service-deletes', 'off'];
  daemon ??= await new DaemonInProcess(join(folder.path, 'daemon'), args, openKernel).start();
  folder.env.IPVSTATE_RUNTIME_DIR = join(folder.path, 'daemon/run');
  folder.env.IPVSTATE_STATE_DIR = join(folder.path, 'daemon/state');
}

describe('the examples in the help', () => {
  const own = EXAMPLES.onKernel.filter(({ name }) => !OF_DAEMON.includes(name));
  const asking = EXAMPLES.onKernel.filter(({ name }) => OF_DAEMON.includes(name));

  it.each([...own, ...asking])('of $name work as they are written', async ({ name, examples }) => {
    if (OF_DAEMON.includes(name)) await startDaemon();
    for (const line of examples) {
      folder.writeFiles();
      if (!daemon) {
        await ipvsadm('-C');
        await ipvsadm('-R', RULES);
      }
      const before = BEFORE[name];
      if (before !== undefined) expect(await run(before)).toMatchObject({ status: 0 });
      const { status, output } = await runExample(line);
      expect(status, `${line}\n${output}`).toBe(EXITS[line] ?? 0);
    }
  });
});
