import { readFile } from 'node:fs/promises';
import { systemResolver } from '../../../src/cli/system-resolver.ts';
import { NUMERIC_ONLY } from '../../../src/formats/ipvsadm/grammar/names.ts';
import { parseRestore } from '../../../src/formats/ipvsadm/restore.ts';
import { formatSave } from '../../../src/formats/ipvsadm/save.ts';
import { formatDaemonListing, formatTimeoutListing } from '../../../src/ipvsadm/listing.ts';
import { runIpvsadm } from '../../../src/ipvsadm/run.ts';
import type { Ipvs } from '../../../src/model/ipvs.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { KERNEL_TIMEOUTS } from '../../../src/model/settings.ts';
import type { Table } from '../../../src/model/table.ts';
import { DIFFERENCES } from '../ipvsadm-differences.ts';
import { BASE } from './base.ts';
import type { Run, Shell } from './shell.ts';

export interface Case {
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly posixlyCorrect?: boolean;
  /** Lines of `-R` that make the table before. Default: `BASE` (base.ts). */
  readonly setup?: string | undefined;
}

/** The result of one of the two programs. */
export interface Effect extends Run {
  /** The table after the run, with thresholds, daemons and timeouts. */
  readonly table: string;
}

interface Difference {
  readonly real: Effect;
  readonly ours: Effect;
}

export interface SequenceEffect {
  readonly runs: readonly Run[];
  readonly saved: string;
  readonly table: string;
}

const resolver = systemResolver();

/** Runs the real ipvsadm and ours on equal tables of the kernel. */
export class Comparison {
  readonly #shell: Shell;
  readonly #ipvs: Ipvs;
  /** The setup of the table that is there, while no run has changed it. */
  #made: { readonly setup: string; readonly table: string } | undefined;
  /** True when a run contacted the kernel. Otherwise the table need not be read again. */
  #isContacted = false;
  /** The names of the intended differences that the runs showed. */
  readonly met = new Set<string>();

  constructor(shell: Shell, ipvs: Ipvs) {
    this.#shell = shell;
    this.#ipvs = ipvs;
  }

  /** Runs only our program. `setup: undefined` keeps the table of the run before. */
  async ours(each: Case): Promise<Effect> {
    if ('setup' in each && each.setup === undefined) {
      this.#made = undefined;
      return { ...(await this.#runOurs(each)), table: await this.#readTable() };
    }
    return this.#effect(each, () => this.#runOurs(each));
  }

  /**
   * Runs commands one after another on an empty table. `saved` is the file that ipvsadm saves at
   * the end.
   */
  async runSequence(
    sequence: readonly (readonly string[])[],
  ): Promise<{ real: SequenceEffect; ours: SequenceEffect }> {
    const effect = async (run: (each: Case) => Promise<Run>): Promise<SequenceEffect> => {
      await reset(this.#ipvs, '');
      const runs: Run[] = [];
      for (const argv of sequence) runs.push(await run({ argv }));
      return {
        runs,
        saved: (await this.#shell.run('ipvsadm', ['-S', '-n', '--sort'])).stdout,
        table: await this.#readTable(),
      };
    };
    this.#made = undefined;
    return {
      real: await effect((each) => this.#runReal(each)),
      ours: await effect((each) => this.#runOurs(each)),
    };
  }

  /** Restores a file with the real ipvsadm on an empty table. */
  async restoreByReal(text: string): Promise<Run & { saved: string }> {
    this.#made = undefined;
    await reset(this.#ipvs, '');
    const run = await this.#runReal({ argv: ['-R'], stdin: text });
    return { ...run, saved: formatSave((await this.#ipvs.read()).table) };
  }

  async #readTable(): Promise<string> {
    return formatTable((await this.#ipvs.read()).table);
  }

  /**
   * Returns undefined when nothing differs but what `DIFFERENCES` allows. Rates and remaining times
   * in a listing change by themselves: each number of ours must lie between those that ipvsadm
   * prints before and after.
   */
  async run(each: Case): Promise<Difference | undefined> {
    const real = await this.#effect(each, () => this.#runReal(each));
    const ours = await this.#effect(each, () => this.#runOurs(each));
    if (await this.#isExplained(each, real, ours)) return undefined;
    if (real.stdout.startsWith('IP')) {
      const after = await this.#effect(each, () => this.#runReal(each));
      const between = { ...ours, stdout: real.stdout };
      const isBetween = liesBetween(ours.stdout, real.stdout, after.stdout);
      if (isBetween && (await this.#isExplained(each, real, between))) return undefined;
    }
    return { real, ours };
  }

  async #isExplained(each: Case, real: Effect, ours: Effect): Promise<boolean> {
    if (isEqual(real, ours)) return true;
    const difference = DIFFERENCES.find(({ explains }) => explains(each, real, ours));
    if (!difference) return false;
    this.met.add(difference.name);
    if (!difference.instead) return true;
    const other = { ...each, argv: difference.instead(each.argv) };
    return this.#isExplained(other, await this.#effect(other, () => this.#runReal(other)), ours);
  }

  async #effect({ setup = BASE }: Case, run: () => Promise<Run>): Promise<Effect> {
    if (this.#made?.setup !== setup) {
      await reset(this.#ipvs, setup);
      this.#made = { setup, table: await this.#readTable() };
    }
    this.#isContacted = false;
    const result = await run();
    const table = this.#isContacted ? await this.#readTable() : this.#made.table;
    if (table !== this.#made.table) this.#made = undefined;
    return { ...result, table };
  }

  #contact(): Ipvs {
    this.#isContacted = true;
    const ipvs = this.#ipvs;
    return {
      info: () => ipvs.info(),
      read: (options) => ipvs.read(options),
      execute: (wave) => ipvs.execute(wave),
      close: () => {},
    };
  }

  #runReal({ argv, stdin = '', posixlyCorrect = false }: Case): Promise<Run> {
    this.#isContacted = true;
    return this.#shell.run('ipvsadm', argv, {
      stdin,
      env: posixlyCorrect ? { POSIXLY_CORRECT: '1' } : {},
    });
  }

  async #runOurs({ argv, stdin = '', posixlyCorrect = false }: Case): Promise<Run> {
    let stdout = '';
    let stderr = '';
    const status = await runIpvsadm(argv, {
      ...{ programName: 'ipvsadm', posixlyCorrect, resolver },
      ipvs: async () => this.#contact(),
      beginChanges: async (ipvs) => ({
        ipvs,
        announce: () => {},
        signal: new AbortController().signal,
      }),
      readStdin: async () => Buffer.from(stdin),
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      readConnections: () => readFile('/proc/net/ip_vs_conn', 'utf8').catch(() => undefined),
    });
    return { status, stdout, stderr };
  }
}

/** Replaces the table by the table of the lines. */
export async function reset(ipvs: Ipvs, setup: string): Promise<void> {
  const { table } = await ipvs.read({ services: [] });
  const operations: Operation[] = [
    { kind: 'flush' },
    ...table.daemons.map(({ role }): Operation => ({ kind: 'stop-daemon', role })),
    { kind: 'set-timeouts', timeouts: KERNEL_TIMEOUTS },
  ];
  for (const { command, line } of parseRestore(Buffer.from(setup), {
    programName: 'setup',
    names: NUMERIC_ONLY,
  })) {
    if (command.kind !== 'modify') throw new Error(`line ${line} of the setup is no operation`);
    operations.push(command.operation);
  }
  for (const error of (await ipvs.execute(operations)).values()) throw error;
}

function formatTable(table: Table): string {
  return (
    formatSave(table) + formatTimeoutListing(table.timeouts) + formatDaemonListing(table.daemons)
  );
}

function isEqual(a: Effect, b: Effect): boolean {
  return (
    a.status === b.status && a.stdout === b.stdout && a.stderr === b.stderr && a.table === b.table
  );
}

/**
 * Tells whether a listing differs from two others only in numbers, and each of these lies between
 * theirs.
 */
function liesBetween(text: string, before: string, after: string): boolean {
  const [tokens, first, last] = [text, before, after].map(tokensOf);
  if (!tokens || tokens.length !== first?.length || tokens.length !== last?.length) return false;
  return tokens.every((token, index) => {
    const [a, b] = [first[index] ?? '', last[index] ?? ''];
    if (token === a || token === b) return true;
    const [number, ...bounds] = [token, a, b].map(Number);
    return number !== undefined && number >= Math.min(...bounds) && number <= Math.max(...bounds);
  });
}

/** The words of a listing, with a remaining time such as 01:59 in seconds. */
function tokensOf(listing: string): readonly string[] {
  return listing
    .replace(/ (\d\d):(\d\d) /g, (_, minutes, seconds) => ` ${60 * minutes + Number(seconds)} `)
    .split(/\s+/);
}
