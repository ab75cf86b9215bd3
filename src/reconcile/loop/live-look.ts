import type { LoopOptions } from './loop-options.ts';

type Looks = Pick<LoopOptions, 'fingerprint' | 'interfaces' | 'sysctls'>;

/** Looks at the live table by its fingerprint, which costs less than a read of the table. */
export class LiveLook {
  readonly #options: Looks;
  /**
   * The fingerprint of a live table that needs no pass. undefined when the next look for drift must
   * be a pass.
   */
  baseline: string | undefined;

  constructor(options: Looks) {
    this.#options = options;
  }

  /** Returns undefined when the fingerprint cannot be read: then the table itself must be. */
  async fingerprint(): Promise<string | undefined> {
    try {
      return await this.#options.fingerprint?.();
    } catch {
      return undefined;
    }
  }

  /** Names the table and the network interfaces: a refusal depends on them besides the files. */
  async world(): Promise<string> {
    const interfaces = await this.#options.interfaces?.().catch(() => '');
    return `${await this.fingerprint()} ${interfaces}`;
  }

  /** Tells whether the kernel has one of these sysctls. */
  async hasSysctl(names: readonly string[]): Promise<boolean> {
    if (names.length === 0) return false;
    const found = (await this.#options.sysctls?.().catch(() => undefined)) ?? [];
    return found.some((name) => names.includes(name));
  }

  /**
   * Tells whether the table must be read, because it changed or its fingerprint is not known. After
   * a failure, an unknown table is no reason for a pass: the kernel would refuse the same
   * operations every interval.
   */
  async needsRead(hasFailed: boolean): Promise<boolean> {
    const found = await this.fingerprint();
    const isUnknown = this.baseline === undefined || found === undefined;
    return isUnknown ? !hasFailed : found !== this.baseline;
  }
}
