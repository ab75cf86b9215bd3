import { Readable, Writable } from 'node:stream';
import { main } from '../../src/cli/main.ts';
import { Output } from '../../src/cli/output.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly openKernel?: () => Promise<Ipvs>;
  /** Answers to questions, as a person at a terminal would give them; absent: nobody is there. */
  readonly answer?: string;
  readonly signal?: AbortSignal;
  readonly isTTY?: boolean;
}

/** Runs one command line in this process. */
export async function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const stdout = new Captured(options.isTTY);
  const stderr = new Captured(options.isTTY);
  const { answer } = options;
  const status = await main(
    argv,
    {
      programName: 'ipvstate',
      stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
      output: new Output(stdout, stderr, options.env ?? {}),
      env: options.env ?? {},
      openKernel: options.openKernel ?? (() => Promise.reject(new Error('this test has no kernel'))),
      ask:
        answer === undefined
          ? undefined
          : async (question) => {
              stderr.write(question);
              return answer;
            },
      interruption: () => options.signal ?? new AbortController().signal,
    },
    '0.0.0-test',
  );
  return { status, stdout: stdout.text, stderr: stderr.text };
}

class Captured extends Writable {
  text = '';
  readonly isTTY: boolean;

  constructor(isTTY = false) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
