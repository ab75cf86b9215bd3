import { closeSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceKey } from '../../model/service.ts';
import type { OverrideNote } from '../../plan/overrides/overrides.ts';
import type { Plan } from '../../plan/plan.ts';
import { makeFolder } from '../make-folder.ts';
import type { Warn } from '../records/record-file.ts';
import type { State } from '../state.ts';
import { type JournalLine, journalOverrides, type RunStart } from './journal-lines.ts';

interface JournalLimits {
  /** A file that is this large is rotated away. */
  readonly maxBytes: number;
  readonly maxFiles: number;
}

const LIMITS: JournalLimits = { maxBytes: 8 * 1024 * 1024, maxFiles: 5 };

/** The names of services in the files. */
export type ServiceNames = ReadonlyMap<ServiceKey, string>;

/** A line without the fields that the journal adds. */
type LineBody<L = JournalLine> = L extends JournalLine ? Omit<L, 'run' | 'time'> : never;

/** The paths of a journal's files, newest first. */
export function journalFiles(
  folder: string,
  { maxFiles }: Pick<JournalLimits, 'maxFiles'> = LIMITS,
): string[] {
  return Array.from({ length: maxFiles }, (_, age) =>
    join(folder, age === 0 ? 'journal.jsonl' : `journal.${age}.jsonl`),
  );
}

/**
 * Writes what one run does as lines of JSON. A run that writes nothing to the kernel leaves no
 * line. When a line cannot be written, `warn` is told once and the rest of the run is not
 * journaled: the kernel's table matters more.
 */
export class Journal {
  readonly #state: State;
  readonly #run: string;
  readonly #warn: Warn;
  readonly #limits: JournalLimits;
  #hasBegun = false;
  #isOff = false;
  #bytes = Buffer.alloc(0);

  constructor(state: State, run: string, warn: Warn, limits: JournalLimits = LIMITS) {
    this.#state = state;
    this.#run = run;
    this.#warn = warn;
    this.#limits = limits;
  }

  begin(start: RunStart): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { life, caller } = this.#state;
    this.write({ type: 'begin', version: 1, pid: process.pid, ...life, caller, ...start });
  }

  /** Begins the run with the size of its plan, and the names of the services that it changes. */
  beginPlan(
    start: Omit<RunStart, 'changes' | 'operations' | 'names' | 'overrides'>,
    { changes, waves }: Plan,
    names: ServiceNames = new Map(),
    overrides: readonly OverrideNote[] = [],
  ): void {
    const operations = waves.reduce((sum, { steps }) => sum + steps.length, 0);
    const changed = changes.flatMap((change): [string, string][] => {
      const name = 'service' in change ? names.get(change.service) : undefined;
      return 'service' in change && name !== undefined ? [[change.service, name]] : [];
    });
    const overridden = journalOverrides(changes, overrides);
    this.begin({
      ...start,
      ...(overridden.length > 0 && { overrides: overridden }),
      changes: changes.length,
      operations,
      ...(changed.length > 0 && { names: Object.fromEntries(changed) }),
    });
  }

  write(line: LineBody): void {
    if (!this.#hasBegun || (this.#isOff && line.type !== 'end')) return;
    try {
      this.append({
        run: this.#run,
        time: this.#state.clock.now().toISOString(),
        ...line,
      } as JournalLine);
    } catch (error) {
      if (!this.#isOff)
        this.#warn(
          `the journal in ${this.#state.folders.state} cannot be written (${(error as NodeJS.ErrnoException).code}): this run is not recorded`,
        );
      this.#isOff = true;
    }
  }

  /** Ends the run. `outcome` is that of the report, or `error`. */
  end(outcome: string, exitCode?: number): void {
    this.write({
      type: 'end',
      outcome,
      ...(exitCode === undefined ? {} : { exit_code: exitCode }),
    });
    this.#hasBegun = false;
  }

  /** Encodes into the same memory each time: the lines of a large run are megabytes in all. */
  #encode(text: string): Uint8Array {
    const size = Buffer.byteLength(text);
    if (this.#bytes.length < size) this.#bytes = Buffer.allocUnsafeSlow(2 * size);
    return this.#bytes.subarray(0, this.#bytes.write(text));
  }

  /** Appends a line to the newest file. Throws the errors of the file system. */
  append(line: JournalLine): void {
    const { state: folder } = this.#state.folders;
    makeFolder(folder);
    const files = journalFiles(folder, this.#limits);
    rotate(files, this.#limits.maxBytes);
    const [current = ''] = files;
    const file = openSync(current, 'a+', 0o600);
    try {
      // A full disk or a crash can have cut the last line short: the new line begins after it.
      const separator = endsInMidLine(file) ? '\n' : '';
      const bytes = this.#encode(`${separator}${JSON.stringify(line)}\n`);
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
    } finally {
      closeSync(file);
    }
  }
}

function endsInMidLine(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}

function rotate(files: readonly string[], maxBytes: number): void {
  const [current = ''] = files;
  const size = statSync(current, { throwIfNoEntry: false })?.size ?? 0;
  if (size < maxBytes) return;
  for (let age = files.length - 1; age > 0; age--) {
    const [newer = '', older = ''] = [files[age - 1], files[age]];
    if (statSync(newer, { throwIfNoEntry: false })) renameSync(newer, older);
  }
}
