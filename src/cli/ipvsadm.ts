import type { ProgramIo } from '../ipvsadm/program-io.ts';
import type { Desired } from '../model/desired.ts';
import { readStream } from '../sources/read-stream.ts';
import { STDIN_NAME } from '../sources/stdin.ts';
import type { Environment } from './environment.ts';

/** Tools that the program replaces. Started under one of these names, it behaves like the tool. */
const FRONT_ENDS = ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore'] as const;

export type FrontEnd = (typeof FRONT_ENDS)[number];

export function isFrontEnd(name: string | undefined): name is FrontEnd {
  return FRONT_ENDS.some((known) => known === name);
}

/** Runs as a replaced tool: with its arguments, streams and exit statuses. */
export async function runFrontEnd(
  name: FrontEnd,
  programName: string,
  argv: readonly string[],
  environment: Environment,
): Promise<number> {
  const io = await programIo(programName, environment);
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
  { output, stdin, env, openKernel }: Environment,
): Promise<ProgramIo> {
  const { systemResolver } = await import('./system-resolver.ts');
  return {
    programName,
    ipvs: openKernel,
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
  const { withKernel } = await import('../ipvsadm/run-kernel.ts');
  const { kernelMessage } = await import('../ipvsadm/messages.ts');
  const { reconcile } = await import('../reconcile/reconcile.ts');
  const allowances = {
    maxServiceDeletes: { kind: 'off' },
    maxDestinationDeletes: { kind: 'off' },
    unserved: true,
    empty: true,
  } as const;
  return withKernel(io, async (ipvs) => {
    const { outcome, failures, error } = await reconcile(ipvs, desired, { allowances });
    for (const { operation, error: refusal } of failures)
      io.stderr(`${refusal.request}: ${kernelMessage(operation.kind, refusal.errno)}\n`);
    if (error) io.stderr(`${error.message}\n`);
    if (outcome === 'applied' || outcome === 'in-sync') return 0;
    io.stderr(
      outcome === 'rolled-back'
        ? 'The table is as it was before.\n'
        : 'The table is not what the rules say.\n',
    );
    return 255;
  });
}
