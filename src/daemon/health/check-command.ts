import { type ChildProcess, spawn } from 'node:child_process';
import { isIPv6 } from 'node:net';
import type { Readable } from 'node:stream';
import type { CommandCheck } from '../../model/health.ts';
import type { ServiceKey } from '../../model/service.ts';
import { type Answer, bad, exchange, good, type Target, unknown } from './answer.ts';

/** More programs wait for their turn. The unit of the daemon limits its processes (TasksMax). */
const MOST_AT_ONCE = 10;
/** A program that writes more is ended. */
const MOST_OUTPUT_BYTES = 1_048_576;
/** So much of the output is searched for its first line. */
const LINE_BYTES = 1024;
const LINE_LENGTH = 200;
/** A process that left the group of its program can hold the output open after the end. */
const OUTPUT_MILLISECONDS = 100;

const STOPPED = unknown('cannot check: the command was stopped');

/**
 * Is called when a program has its turn, with how long it waited. Returns false when nobody wants
 * its answer any more.
 */
export type OnTurn = (waitedSeconds: number) => boolean;

/**
 * Runs the programs of checks, a few at a time. Each runs in a process group of its own, which is
 * killed at the end of its time.
 */
export class Commands {
  readonly #running = new Set<ChildProcess>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #isStopped = false;

  /** Runs a program. The answer is good when its exit code is 0. */
  async run(
    { argv }: CommandCheck,
    service: ServiceKey,
    target: Target,
    onTurn: OnTurn = () => true,
  ): Promise<Answer> {
    const askedAt = performance.now();
    if (this.#taken >= MOST_AT_ONCE)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken++;
    try {
      const isWanted = onTurn((performance.now() - askedAt) / 1000);
      if (this.#isStopped || !isWanted) return STOPPED;
      const found = await exchange(target, (answer) => {
        const child = this.#start(argv, environmentOf(service, target), answer);
        return () => {
          if (!child) return;
          this.#running.delete(child);
          endGroup(child);
        };
      });
      return this.#isStopped ? STOPPED : found;
    } finally {
      this.#taken--;
      this.#waiting.shift()?.();
    }
  }

  /** Kills the programs that run. No other one is started. */
  stop(): void {
    this.#isStopped = true;
    for (const child of this.#running) endGroup(child);
  }

  #start(
    [program = '', ...args]: readonly string[],
    env: Readonly<Record<string, string>>,
    answer: (answer: Answer) => void,
  ): ChildProcess | undefined {
    const fail = (error: unknown): void =>
      answer(unknown(`cannot check: ${program}: ${reasonOf(error as NodeJS.ErrnoException)}`));
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        ...{ cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
      });
    } catch (error) {
      fail(error);
      return undefined;
    }
    this.#running.add(child);
    const lines = [child.stdout, child.stderr].map((stream) => readLine(stream, answer));
    child.on('error', fail);
    child.on('exit', (code, signal) => {
      // Processes that it left behind would keep its output open.
      killGroup(child);
      const end = (): void => {
        const line = lines.map((read) => read()).find((text) => text !== '') ?? '';
        const result = signal === null ? `exit code ${code}` : `killed by ${signal}`;
        const reason = line === '' ? result : `${result}: ${line}`;
        answer(code === 0 ? good(reason) : bad(reason));
      };
      const timer = setTimeout(end, OUTPUT_MILLISECONDS);
      child.on('close', () => {
        clearTimeout(timer);
        end();
      });
    });
    return child;
  }
}

/** The whole environment of a program. */
function environmentOf(
  service: ServiceKey,
  { address, port, from }: Target,
): Readonly<Record<string, string>> {
  return {
    IPVSTATE_SERVICE: service,
    IPVSTATE_ADDRESS: address,
    IPVSTATE_PORT: String(port),
    IPVSTATE_FAMILY: isIPv6(address) ? 'ipv6' : 'ipv4',
    ...(from !== undefined && { IPVSTATE_FROM: from }),
  };
}

/** Reads the first line of an output. What comes after it is counted and dropped. */
function readLine(stream: Readable | null, answer: (answer: Answer) => void): () => string {
  let bytes = 0;
  let kept = Buffer.alloc(0);
  stream?.on('error', () => {});
  stream?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (kept.length < LINE_BYTES)
      kept = Buffer.concat([kept, chunk.subarray(0, LINE_BYTES - kept.length)]);
    if (bytes > MOST_OUTPUT_BYTES) answer(bad('the command wrote more than 1 MiB'));
  });
  return () => {
    const [line = ''] = kept.toString().trimStart().split('\n', 1);
    return line.replaceAll(/\s+/g, ' ').trim().slice(0, LINE_LENGTH);
  };
}

function endGroup(child: ChildProcess): void {
  killGroup(child);
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: the group has ended.
  }
}

/** Errors of the start of a program. They say nothing about a destination. */
const START_ERRORS: Readonly<Record<string, string>> = {
  // The kernel does not tell which of the two.
  ENOENT: 'it does not exist, or the interpreter in its first line does not',
  EACCES: 'it may not be executed',
  EAGAIN: 'too many processes',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENOMEM: 'no memory',
};

function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  return START_ERRORS[code] ?? message;
}
