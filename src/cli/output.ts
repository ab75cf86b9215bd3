import type { Writable } from 'node:stream';
import { COLOR, PLAIN, type Style } from '../render/style.ts';

export const COLOR_MODES = ['auto', 'always', 'never'] as const;
export type ColorMode = (typeof COLOR_MODES)[number];

type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** Work shorter than this shows no progress. */
const PROGRESS_AFTER_MILLISECONDS = 1000;
const PROGRESS_EVERY_MILLISECONDS = 200;

/** The only writer: results go to stdout, everything about them to stderr. */
export class Output {
  readonly #stdout: Terminal;
  readonly #stderr: Terminal;
  readonly #env: NodeJS.ProcessEnv;
  readonly #now: () => number;
  #color: ColorMode = 'auto';
  #quiet = false;
  #started: number | undefined;
  #shown = 0;

  constructor(
    stdout: Terminal,
    stderr: Terminal,
    env: NodeJS.ProcessEnv,
    now: () => number = () => performance.now(),
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#env = env;
    this.#now = now;
  }

  configure({ color, quiet }: { readonly color: ColorMode; readonly quiet: boolean }): void {
    this.#color = color;
    this.#quiet = quiet;
  }

  /** The result of a verb. */
  print(text: string): void {
    this.#clearProgress();
    this.#stdout.write(text);
  }

  /** Something about the result that a reader may want to know; `--quiet` drops it. */
  note(text: string): void {
    if (!this.#quiet) this.warn(text);
  }

  /** Something that must be said. */
  warn(text: string): void {
    this.#clearProgress();
    this.#stderr.write(text);
  }

  /** The beginning of an error message on stderr. */
  label(): string {
    return this.style('stderr').remove('ipvstate:');
  }

  /** Emphasis for what is printed; depends on the stream, because one may be a terminal and the other a file. */
  style(stream: 'stdout' | 'stderr'): Style {
    return this.layout(stream).color ? COLOR : PLAIN;
  }

  /** Whether to colour, and the width in columns. */
  layout(stream: 'stdout' | 'stderr'): { readonly color: boolean; readonly width: number } {
    const terminal = stream === 'stdout' ? this.#stdout : this.#stderr;
    return { color: this.#isColored(terminal), width: terminal.columns || 80 };
  }

  isTerminal(stream: 'stdout' | 'stderr'): boolean {
    return (stream === 'stdout' ? this.#stdout : this.#stderr).isTTY === true;
  }

  /** Redraws one line on a terminal, once the work has taken a second; silent elsewhere. */
  progress(text: string): void {
    if (!this.#stderr.isTTY || this.#quiet) return;
    const now = this.#now();
    this.#started ??= now;
    if (
      now - this.#started < PROGRESS_AFTER_MILLISECONDS ||
      now - this.#shown < PROGRESS_EVERY_MILLISECONDS
    )
      return;
    this.#shown = now;
    this.#stderr.write(`\r${text.slice(0, (this.#stderr.columns || 80) - 1)}\u001b[K`);
  }

  #clearProgress(): void {
    if (this.#shown > 0) this.#stderr.write('\r\u001b[K');
    this.#shown = 0;
    this.#started = undefined;
  }

  #isColored(stream: Terminal): boolean {
    if (this.#color !== 'auto') return this.#color === 'always';
    return stream.isTTY === true && !this.#env.NO_COLOR && this.#env.TERM !== 'dumb';
  }
}
