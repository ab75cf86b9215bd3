import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { askDaemon } from '../../src/daemon/control/client.ts';
import type { Status } from '../../src/daemon/status/status.ts';
import { PROGRAM } from './program.ts';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves once the condition holds; the error says what it was. A condition that throws does not hold yet. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 20,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      if (await holds()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** `ipvstate watch` as a process of its own, with its state in a folder. */
export class DaemonProcess {
  readonly #folder: string;
  readonly #args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #ended: Promise<number | null> = Promise.resolve(null);
  log = '';

  constructor(folder: string, args: readonly string[]) {
    this.#folder = folder;
    this.#args = args;
    mkdirSync(folder, { recursive: true });
    this.env = {
      ...process.env,
      IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
      IPVSTATE_STATE_DIR: join(folder, 'state'),
      NO_COLOR: '1',
    };
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get httpSocket(): string {
    return join(this.#folder, 'http.sock');
  }

  /** Resolves when the first pass is over. */
  async start(): Promise<this> {
    const child = spawn(
      process.execPath,
      [PROGRAM, 'watch', ...this.#args, '--listen', this.httpSocket, '--log-format', 'json'],
      {
        env: this.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.log += chunk;
      });
    }
    this.#ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
    await until('a first pass', async () => {
      const { last_pass, config } = await this.status();
      return last_pass !== null || config.error !== null;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it said:\n${this.log}`);
    });
    return this;
  }

  /** Its exit code; null when a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child?.kill(signal);
    return this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  run(...args: readonly string[]): Ran {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      env: this.env,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  }

  async status(): Promise<Status> {
    const answer = await askDaemon(join(this.#folder, 'run', 'host', 'control.sock'), {
      command: 'status',
    });
    return (answer.ok ? answer.status : undefined) as unknown as Status;
  }

  /** The lines of its log that are of one event. */
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
