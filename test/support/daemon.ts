import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { defaultControlSocket } from '../../src/cli/control.ts';
import { askDaemon } from '../../src/daemon/control/client.ts';
import type { Status } from '../../src/daemon/status/status.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { type State, systemState } from '../../src/recovery/state.ts';
import { PROGRAM } from './program.ts';
import { Captured, runCli } from './run-cli.ts';
import { until } from './until.ts';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `ipvstate watch`, whose state and sockets are in a folder. */
abstract class Daemon {
  readonly #folder: string;
  readonly #args: readonly string[];
  readonly #openKernel: () => Promise<Ipvs>;
  readonly env: NodeJS.ProcessEnv;
  readonly state: State;

  constructor(folder: string, args: readonly string[], openKernel: () => Promise<Ipvs>) {
    this.#folder = folder;
    this.#args = args;
    this.#openKernel = openKernel;
    mkdirSync(folder, { recursive: true });
    this.env = {
      ...process.env,
      IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
      IPVSTATE_STATE_DIR: join(folder, 'state'),
      NO_COLOR: '1',
    };
    this.state = systemState(this.env);
  }

  /** The log so far. */
  abstract get log(): string;

  protected abstract begin(argv: readonly string[]): void;

  /** The Unix socket of its pages. */
  get httpSocket(): string {
    return join(this.#folder, 'http.sock');
  }

  /** Resolves when the first pass is over. */
  async start(): Promise<this> {
    this.begin(['watch', ...this.#args, '--listen', this.httpSocket, '--log-format', 'json']);
    await until('a first pass', async () => {
      const { last_pass, config } = await this.status();
      return last_pass !== null || config.error !== null;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it said:\n${this.log}`);
    });
    return this;
  }

  /**
   * Runs another command while the daemon runs. It runs in this process: a start in User-Mode Linux
   * takes a fraction of that of a process.
   */
  run(...args: readonly string[]): Promise<Ran> {
    return this.runHere(args);
  }

  /** Runs a command line in this process, on the state of the daemon. */
  protected runHere(
    argv: readonly string[],
    options: { signal?: AbortSignal; stderr?: Captured } = {},
  ): Promise<Ran & { readonly status: number }> {
    const { env, state } = this;
    return runCli(argv, { ...options, env, state, openKernel: this.#openKernel });
  }

  async status(): Promise<Status> {
    const answer = await askDaemon(defaultControlSocket(this.state), { command: 'status' });
    return (answer.ok ? answer.status : undefined) as unknown as Status;
  }

  /** The lines of the log about one event. */
  events(event: string): readonly { readonly msg: string; readonly [field: string]: unknown }[] {
    return this.log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
      .filter((line) => line.event === event);
  }

  get(path: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
    return new Promise((resolve, reject) => {
      request({ socketPath: this.httpSocket, path, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, body }));
      })
        .on('error', reject)
        .end();
    });
  }
}

/** A daemon in another process, which can be sent signals and be killed. */
export class DaemonProcess extends Daemon {
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(null);
  log = '';

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  protected begin(argv: readonly string[]): void {
    const child = spawn(process.execPath, [PROGRAM, ...argv], {
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.log += chunk;
      });
    }
    this.#ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  }

  /** Resolves with its exit code; null when a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child?.kill(signal);
    return this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Runs another command as `run` does, in another process. */
  runProcess(...args: readonly string[]): Ran {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      env: this.env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  }
}

/** A daemon in this process, which is quicker to start than another one. */
export class DaemonInProcess extends Daemon {
  readonly #stderr = new Captured();
  readonly #stopping = new AbortController();
  #ended: Promise<number> = Promise.resolve(0);

  get log(): string {
    return this.#stderr.text;
  }

  protected begin(argv: readonly string[]): void {
    const { signal } = this.#stopping;
    this.#ended = this.runHere(argv, { signal, stderr: this.#stderr }).then(({ status }) => status);
  }

  /** Resolves with its exit code. */
  async stop(): Promise<number> {
    this.#stopping.abort();
    return this.#ended;
  }
}
