import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A shell that stays, because starting a program from it costs a third of starting it from this process. */
export class Shell {
  readonly #bash: ChildProcessWithoutNullStreams = spawn('bash', ['--norc'], { stdio: 'pipe' });
  readonly #answers: Interface = createInterface({ input: this.#bash.stdout });
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipvsadm-'));

  /** Runs one program, with its input from a file and its output into files, as they are in a terminal's place. */
  async run(program: string, argv: readonly string[], { stdin = '', env = {} }: RunOptions = {}): Promise<Run> {
    const path = (name: string) => join(this.#folder, name);
    writeFileSync(path('in'), stdin);
    const words = [...Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`), ...[program, ...argv].map(quote)];
    this.#bash.stdin.write(`${words.join(' ')} <${path('in')} >${path('out')} 2>${path('err')}; echo $?\n`);
    const status = await new Promise<string>((resolve) => this.#answers.once('line', resolve));
    return { status: Number(status), stdout: readFileSync(path('out'), 'utf8'), stderr: readFileSync(path('err'), 'utf8') };
  }

  close(): void {
    this.#bash.stdin.end();
    rmSync(this.#folder, { recursive: true });
  }
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
