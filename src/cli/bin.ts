import { existsSync, fstatSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { EXIT } from '../render/exit.ts';
import { openKeyboard } from './keyboard.ts';
import { main } from './main.ts';
import { Output } from './output.ts';

declare const IPVSTATE_VERSION: string;

const output = new Output(process.stdout, process.stderr, process.env);

let controller: AbortController | undefined;

/** The first signal stops the work at the next safe point. A second one ends the process. */
function interruption(silently = false): AbortSignal {
  if (controller) return controller.signal;
  const started = new AbortController();
  controller = started;
  const stop = (signal: string, code: number) => () => {
    if (!silently) output.warn(`${signal}: stopping at the next safe point\n`);
    started.abort(code);
  };
  process.once('SIGINT', stop('SIGINT', 130)).once('SIGTERM', stop('SIGTERM', 143));
  return started.signal;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader such as `head` may end early. Any other error, such as a full disk, is a failure.
  if (error.code === 'EPIPE') return;
  output.warn(`ipvstate: the output cannot be written (${error.code})\n`);
  process.exitCode = EXIT.io;
});

// Messages that nobody can read are dropped.
process.stderr.on('error', () => {});

/** Opens stdin. A file is read at once, because a stream waits for the thread pool every 64 KiB. */
function openStdin(): Readable {
  return fstatSync(0).isFile() ? Readable.from([readFileSync(0)]) : process.stdin;
}

/** Asks on the terminal. The answer is empty after an interrupt or at the end of the input. */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const cancelled = new AbortController();
  terminal.on('SIGINT', () => cancelled.abort());
  terminal.on('close', () => cancelled.abort());
  try {
    return await terminal.question(question, { signal: cancelled.signal });
  } catch {
    return '';
  } finally {
    terminal.close();
  }
}

void main(process.argv.slice(2), {
  programName: basename(process.argv[1] ?? 'ipvstate'),
  version: IPVSTATE_VERSION,
  stdin: openStdin,
  output,
  env: process.env,
  state: async () => (await import('../recovery/state.ts')).systemState(process.env),
  background: {
    start: async (argv) => (await import('../recovery/background.ts')).BACKGROUND.start(argv),
    ready: async () => (await import('../recovery/background.ts')).BACKGROUND.ready(),
  },
  machine: async () => (await import('../kernel/facts/machine.ts')).thisMachine(),
  openKernel: async () => (await import('../recovery/ipvs-stack.ts')).openKernelTable(),
  hasIpvs: () => existsSync('/proc/net/ip_vs'),
  get ask() {
    return process.stdin.isTTY && process.stderr.isTTY ? ask : undefined;
  },
  keyboard: () => (process.stdin.isTTY ? openKeyboard(process.stdin) : undefined),
  interruption,
}).then((exitCode) => {
  process.exitCode ||= exitCode;
});

// Ends at once when nothing is left to do. While Node takes itself down, a signal has its default
// action again, and a command that has done all its work would look like one that was stopped.
process.once('beforeExit', () => process.exit());
