import type { Writable } from 'node:stream';
import { printableLines } from '../model/printable.ts';
import type { RunStage, StageName } from '../model/stage.ts';
import { formatRunningStage, formatStage } from '../render/stages.ts';
import { CSI, colorStyle, PLAIN, type Style } from '../render/style.ts';

export const COLOR_MODES = ['auto', 'always', 'never'] as const;
type ColorMode = (typeof COLOR_MODES)[number];

/** `shown`: on a terminal, while they go on. `listed`: with their times, when they have ended. */
export type ShownStages = 'hidden' | 'shown' | 'listed';

interface OutputOptions {
  readonly color: ColorMode;
  readonly quiet: boolean;
  /** Default: `hidden`. */
  readonly stages?: ShownStages;
}

type Terminal = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Progress is shown only for work that takes longer than this. */
const PROGRESS_AFTER_MILLISECONDS = 1000;
const PROGRESS_EVERY_MILLISECONDS = 200;

/**
 * The only writer of stdout and stderr. Results go to stdout, all other text to stderr. Texts may
 * contain anything from files, paths, the kernel and the network: characters that steer a terminal
 * or are not seen are printed as escapes.
 */
export class Output {
  readonly #stdout: Terminal;
  readonly #stderr: Terminal;
  readonly #env: NodeJS.ProcessEnv;
  readonly #now: () => number;
  /** Stands for the beginning of our colour codes: no text from outside can contain it. */
  readonly #mark = `${Math.random()}`;
  readonly #colors = colorStyle(this.#mark);
  #color: ColorMode = 'auto';
  #quiet = false;
  #stages: ShownStages = 'hidden';
  /** The result, while it is held back. */
  #held: string[] | undefined;
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

  configure({ color, quiet, stages = 'hidden' }: OutputOptions): void {
    this.#color = color;
    this.#quiet = quiet;
    this.#stages = stages;
  }

  /** Prints the result of a verb on stdout. */
  print(text: string): void {
    if (this.#held) {
      this.#held.push(text);
      return;
    }
    this.endProgress();
    this.#stdout.write(this.#printable(text));
  }

  /** Holds results back until `release`: a document must be whole, or be replaced as a whole. */
  hold(): void {
    this.#held = [];
  }

  /** Prints what was held back or, when the verb failed, `replacement` in its place. */
  release(replacement?: string): void {
    const texts = replacement === undefined ? (this.#held ?? []) : [replacement];
    this.#held = undefined;
    for (const text of texts) this.print(text);
  }

  /**
   * Runs a stage of a verb. With `--verbose`, a line on stderr tells what it counted, and its time.
   * Otherwise, a terminal shows what is going on once the verb has taken a second.
   */
  readonly stage: RunStage = async (name, run, count) => {
    if (this.#stages === 'hidden') return run();
    const show = (): void => {
      const text = formatRunningStage(name);
      if (text !== undefined) this.progress(text);
    };
    show();
    const timer = setTimeout(show, PROGRESS_AFTER_MILLISECONDS + 1).unref();
    const started = this.#now();
    try {
      const result = await run();
      if (this.#stages === 'listed')
        this.note(formatStage(name, count(result), this.#now() - started));
      return result;
    } finally {
      clearTimeout(timer);
    }
  };

  get isQuiet(): boolean {
    return this.#quiet;
  }

  /** Prints a remark about the result on stderr. `--quiet` leaves it out. */
  note(text: string): void {
    if (!this.#quiet) this.warn(text);
  }

  /** Prints an error or a warning on stderr. */
  warn(text: string): void {
    this.endProgress();
    this.#stderr.write(this.#printable(text));
  }

  /** Beginning of an error message on stderr. */
  errorLabel(): string {
    return this.style('stderr').remove('ipvstate:');
  }

  /** Emphasis for a stream: stdout may be a terminal while stderr is a file. */
  style(stream: 'stdout' | 'stderr'): Style {
    return this.layout(stream).style;
  }

  /** Emphasis for a stream, and its width in columns. */
  layout(stream: 'stdout' | 'stderr'): { readonly style: Style; readonly width: number } {
    const terminal = stream === 'stdout' ? this.#stdout : this.#stderr;
    return {
      style: this.#isColored(terminal) ? this.#colors : PLAIN,
      width: terminal.columns || 80,
    };
  }

  isTerminal(stream: 'stdout' | 'stderr'): boolean {
    return (stream === 'stdout' ? this.#stdout : this.#stderr).isTTY === true;
  }

  /** Tells whether text on a terminal can be replaced: not on one of the kind `dumb`. */
  canRedraw(stream: 'stdout' | 'stderr'): boolean {
    return this.isTerminal(stream) && this.#env.TERM !== 'dumb';
  }

  /** Tells whether long lists are cut: on a terminal, unless a verb got its option `--verbose`. */
  cutsLists(stream: 'stdout' | 'stderr'): boolean {
    return this.#stages === 'shown' && this.isTerminal(stream);
  }

  /** Redraws one line on a terminal once the work has taken a second. Does nothing elsewhere. */
  progress(text: string): void {
    if (!this.canRedraw('stderr') || this.#quiet) return;
    const now = this.#now();
    this.#started ??= now;
    if (
      now - this.#started < PROGRESS_AFTER_MILLISECONDS ||
      now - this.#shown < PROGRESS_EVERY_MILLISECONDS
    )
      return;
    this.#draw(text, now);
  }

  /** Shows a stage on a terminal at once, because no timer fires until it has ended. */
  showStage(name: StageName): void {
    const text = formatRunningStage(name);
    if (this.#stages === 'hidden' || text === undefined) return;
    if (this.canRedraw('stderr') && !this.#quiet) this.#draw(text, this.#now());
  }

  #draw(text: string, now: number): void {
    this.#shown = now;
    this.#stderr.write(`\r${text.slice(0, (this.#stderr.columns || 80) - 1)}\u001b[K`);
  }

  /** Begins to use the whole terminal. What it showed comes back with `closeScreen`. */
  openScreen(): void {
    // DEC private modes: 1049 is the alternate screen, 25 the cursor.
    this.#stdout.write(`${CSI}?1049h${CSI}?25l`);
  }

  /** Replaces the text on the screen. Lines that have no room are left out. */
  redraw(text: string): void {
    const rows = (this.#stdout.rows || 24) - 1;
    const lines = this.#printable(text).split('\n').slice(0, rows);
    this.#stdout.write(`${CSI}H${lines.map((line) => `${line}${CSI}K\r\n`).join('')}${CSI}J`);
  }

  closeScreen(): void {
    this.#stdout.write(`${CSI}?25h${CSI}?1049l`);
  }

  /** Erases the line of progress. */
  endProgress(): void {
    if (this.#shown > 0) this.#stderr.write('\r\u001b[K');
    this.#shown = 0;
    this.#started = undefined;
  }

  #printable(text: string): string {
    return text.split(this.#mark).map(printableLines).join(CSI);
  }

  #isColored(stream: Terminal): boolean {
    if (this.#color !== 'auto') return this.#color === 'always';
    return stream.isTTY === true && !this.#env.NO_COLOR && this.#env.TERM !== 'dumb';
  }
}
