import { IpvstateError } from '../errors.ts';
import type { ChangeRun, ProgramIo } from '../ipvsadm/program-io.ts';
import type { Desired } from '../model/desired.ts';
import type { Ipvs } from '../model/ipvs.ts';
import type { FrontEndRun } from '../recovery/front-end-run.ts';
import { EXIT } from '../render/exit.ts';
import { readStream } from '../sources/read-stream.ts';
import { STDIN_NAME } from '../sources/stdin.ts';
import { parseSeconds } from './declare/options.ts';
import type { Environment } from './environment.ts';

/** Tools that the program replaces. Started under one of these names, it behaves like the tool. */
const FRONT_ENDS = ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'] as const;

export type FrontEnd = (typeof FRONT_ENDS)[number];

export function isFrontEnd(name: string | undefined): name is FrontEnd {
  return FRONT_ENDS.some((known) => known === name);
}

/** How long a replaced tool waits for another writer. The tools have no option for it. */
const LOCK_TIMEOUT_SECONDS = 30;

/** Runs as a replaced tool: with its arguments, streams and exit statuses. */
export async function runFrontEnd(
  name: FrontEnd,
  programName: string,
  argv: readonly string[],
  environment: Environment,
): Promise<number> {
  let run: FrontEndRun | undefined;
  const beginChanges = async (ipvs: Ipvs): Promise<ChangeRun> => {
    const { beginFrontEndRun } = await import('../recovery/front-end-run.ts');
    run = await beginFrontEndRun(ipvs, await environment.state(), {
      verb: name,
      timeoutSeconds: lockTimeout(environment),
      waitHint: 'Wait for it, with IPVSTATE_LOCK_TIMEOUT=2m for instance.',
    });
    // Only now: until then a signal may end the process at once.
    return { ...run, signal: environment.interruption(true) };
  };
  const io = await programIo(programName, beginChanges, environment);
  let exitCode: number = EXIT.internal;
  try {
    exitCode = await runTool(name, argv, io);
    return exitCode;
  } finally {
    await run?.end(exitCode);
  }
}

function lockTimeout({ env: { IPVSTATE_LOCK_TIMEOUT: text } }: Environment): number {
  if (!text) return LOCK_TIMEOUT_SECONDS;
  const seconds = parseSeconds(text);
  if (seconds !== undefined) return seconds;
  throw new IpvstateError(
    'USAGE',
    `IPVSTATE_LOCK_TIMEOUT is ${JSON.stringify(text)}: expected a time such as 90s, 15m or 1h30m`,
  );
}

async function runTool(name: FrontEnd, argv: readonly string[], io: ProgramIo): Promise<number> {
  switch (name) {
    case 'ipvsadm':
      return (await import('../ipvsadm/run.ts')).runIpvsadm(argv, io);
    case 'ipvsadm-save':
      return (await import('../ipvsadm/save-and-restore.ts')).runIpvsadmSave(argv, io);
    case 'ipvsadm-restore': {
      const { runIpvsadmRestore } = await import('../ipvsadm/save-and-restore.ts');
      return runIpvsadmRestore(io, (desired) => restore(desired, io));
    }
    default:
      return name satisfies never;
  }
}

async function programIo(
  programName: string,
  beginChanges: ProgramIo['beginChanges'],
  { output, stdin, env, openKernel }: Environment,
): Promise<ProgramIo> {
  const { systemResolver } = await import('./system-resolver.ts');
  return {
    programName,
    ipvs: openKernel,
    beginChanges,
    // The replaced tools read any number of any bytes. Bytes that are not UTF-8 appear in messages
    // as replacement characters.
    readStdin: () => readStream(stdin(), STDIN_NAME, Number.POSITIVE_INFINITY),
    stdout: (text) => output.print(text),
    stderr: (text) => output.warn(text),
    resolver: systemResolver(),
    readConnections: async () =>
      (await import('node:fs/promises'))
        .readFile('/proc/net/ip_vs_conn', 'utf8')
        .catch(() => undefined),
    posixlyCorrect: env.POSIXLY_CORRECT !== undefined || env.POSIX_ME_HARDER !== undefined,
  };
}

/** Makes the live table equal to the rules. A diff spares unchanged entries. */
async function restore(desired: Desired, io: ProgramIo): Promise<number> {
  const { REFUSED, withKernelToChange } = await import('../ipvsadm/run-kernel.ts');
  const { kernelMessage } = await import('../ipvsadm/messages.ts');
  const { reconcile } = await import('../reconcile/reconcile.ts');
  const allowances = {
    maxServiceDeletes: { kind: 'off' },
    maxDestinationDeletes: { kind: 'off' },
    unserved: true,
    empty: true,
  } as const;
  return withKernelToChange(io, async ({ ipvs, announce, signal }) => {
    const { outcome, failures, error } = await reconcile(ipvs, desired, {
      allowances,
      signal,
      confirm: async ({ plan: { waves } }) => {
        announce(waves.reduce((sum, { steps }) => sum + steps.length, 0));
        return true;
      },
    });
    for (const { operation, error: refusal } of failures)
      io.stderr(`${refusal.request}: ${kernelMessage(operation.kind, refusal.errno)}\n`);
    if (error) io.stderr(`${error.message}\n`);
    if (outcome === 'applied' || outcome === 'in-sync') return 0;
    io.stderr(
      outcome === 'rolled-back'
        ? 'The table is as it was before.\n'
        : 'The table is not what the rules say.\n',
    );
    return signal.aborted ? (signal.reason as number) : REFUSED;
  });
}
