import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A shell that stays. In User-Mode Linux the start of a program copies the memory of the process
 * that starts it page by page, so a small process should do it: Debian's `sh` takes 24 ms of CPU
 * time for one run of ipvsadm, bash takes 37 ms and this process several times as much.
 */
export class Shell {
  readonly #sh: ChildProcessWithoutNullStreams = spawn('sh', [], { stdio: 'pipe' });
  readonly #answers: Interface = createInterface({ input: this.#sh.stdout });
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipvsadm-'));
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs one program after those that were asked for before. Its input comes from a file and its
   * output goes to files.
   */
  run(program: string, argv: readonly string[], options: RunOptions = {}): Promise<Run> {
    const run = this.#last.then(() => this.#run(program, argv, options));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #run(
    program: string,
    argv: readonly string[],
    { stdin = '', env = {} }: RunOptions,
  ): Promise<Run> {
    const path = (name: string) => join(this.#folder, name);
    const read = (name: string) => readFileSync(path(name), 'utf8');
    if (stdin !== '') writeFileSync(path('in'), stdin);
    const input = stdin === '' ? '/dev/null' : path('in');
    const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);
    const command = [...variables, ...[program, ...argv].map(quote)].join(' ');
    const answer = new Promise<string>((resolve) => this.#answers.once('line', resolve));
    this.#sh.stdin.write(`${command} <${input} >${path('out')} 2>${path('err')}; echo $?\n`);
    return { status: Number(await answer), stdout: read('out'), stderr: read('err') };
  }
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
