import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect } from 'vitest';
import type { Verb } from '../../src/cli/declare/define-verb.ts';
import type { Exits } from '../../src/cli/declare/exit-groups.ts';
import { exitCodesOf } from '../../src/cli/declare/verb-help.ts';
import type { Keyboard } from '../../src/cli/keyboard.ts';
import { main } from '../../src/cli/main.ts';
import { Output } from '../../src/cli/output.ts';
import { VERBS } from '../../src/cli/verbs.ts';
import { type Machine, thisMachine } from '../../src/kernel/facts/machine.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { type State, systemState } from '../../src/recovery/state.ts';

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Default: `ipvstate`. */
  readonly programName?: string;
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly openKernel?: () => Promise<Ipvs>;
  /** The machine that `doctor` looks at. Default: this one. */
  readonly machine?: Machine;
  /** The answers of a person at a terminal. Without them, there is no terminal. */
  readonly answer?: string;
  readonly signal?: AbortSignal;
  /** The keyboard of a terminal. Without it, stdin is no terminal. */
  readonly keyboard?: Keyboard;
  readonly isTTY?: boolean;
  /** Receive the text that the command writes, while it runs. */
  readonly stdout?: Captured;
  readonly stderr?: Captured;
  /** Records and a lock that several commands share. By default, each command has its own. */
  readonly state?: State;
  /**
   * Starts a background process. By default none is started, and the command is told that it was.
   */
  readonly startInBackground?: (argv: readonly string[]) => Promise<void>;
}

/** Runs one command line in this process. */
export async function runCli(
  argv: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const stdout = options.stdout ?? new Captured(options.isTTY);
  const stderr = options.stderr ?? new Captured(options.isTTY);
  const { answer } = options;
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-cli-state-'));
  const status = await main(argv, {
    programName: options.programName ?? 'ipvstate',
    version: '0.0.0-test',
    stdin: () => Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    output: new Output(stdout, stderr, options.env ?? {}),
    env: options.env ?? {},
    state: async () => options.state ?? ownState(folder),
    background: { start: options.startInBackground ?? (async () => {}), ready: async () => {} },
    machine: async () => options.machine ?? thisMachine(),
    openKernel: options.openKernel ?? (() => Promise.reject(new Error('this test has no kernel'))),
    hasIpvs: () => options.openKernel !== undefined,
    ask:
      answer === undefined
        ? undefined
        : async (question) => {
            stderr.write(question);
            return answer;
          },
    keyboard: () => options.keyboard,
    interruption: () => options.signal ?? new AbortController().signal,
  });
  rmSync(folder, { recursive: true, force: true });
  await expectDeclared(argv, status);
  return { status, stdout: stdout.text, stderr: stderr.text };
}

/** Fails the test that makes a verb exit with a code that its help does not list. */
async function expectDeclared([name = '']: readonly string[], status: number): Promise<void> {
  const load = new Map<string, () => Promise<Verb>>(Object.entries(VERBS)).get(name);
  if (!load) return;
  const { exits } = await load();
  const declared = Object.keys(exits).flatMap((exit) => exitCodesOf(exit as keyof Exits));
  expect(declared, `exit codes in the help of ${name}`).toContain(status);
}

/** A lock for the machine's table that no other test can hold: tests run at the same time. */
function ownState(folder: string): State {
  const env = {
    IPVSTATE_RUNTIME_DIR: join(folder, 'run'),
    IPVSTATE_STATE_DIR: join(folder, 'lib'),
  };
  return systemState(env);
}

/** A stream that remembers what was written to it. */
export class Captured extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY = false, columns = 80) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
