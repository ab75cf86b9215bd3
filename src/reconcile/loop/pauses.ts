import { IpvstateError, reportedError } from '../../errors.ts';
import type { Pause, PauseStore } from '../../model/pause.ts';
import type { Table } from '../../model/table.ts';
import { parseSelectors } from '../../plan/scope.ts';
import type { GoodFiles } from './config-state.ts';
import type { PauseRequest } from './loop-interface.ts';

/** The pause of a loop, which a record keeps beyond the life of the process. */
export class Pauses {
  readonly #store: PauseStore | undefined;
  #isEnding = false;
  /** Why the record could not be read. Nobody knows then whether the loop is paused. */
  failure: IpvstateError | undefined;

  constructor(store: PauseStore | undefined) {
    this.#store = store;
  }

  /**
   * Returns the pause, or `known` when it is the same or its record cannot be read. A pause that an
   * operator ends lasts until the pass that answers the operator: `isResumed`.
   */
  async read(known: Pause | undefined, isResumed: boolean): Promise<Pause | undefined> {
    if (this.#isEnding && !isResumed) return known;
    this.#isEnding = false;
    try {
      const pause = await this.#store?.read();
      this.failure = undefined;
      if (pause && this.millisecondsLeft(pause) === 0) {
        // A record that stays is over as well, by its time.
        await this.#store?.clear().catch(() => undefined);
        return undefined;
      }
      return JSON.stringify(pause) === JSON.stringify(known) ? known : pause;
    } catch (error) {
      this.failure = reportedError(error);
      return known;
    }
  }

  /** undefined: without an end. */
  millisecondsLeft({ untilSeconds }: Pause): number | undefined {
    if (untilSeconds === undefined) return undefined;
    return Math.max(0, Math.ceil((untilSeconds - (this.#store?.now() ?? 0)) * 1000));
  }

  /** Throws `USAGE` for a service that neither the files nor the table have, and `IO`. */
  async begin(
    { who, reason, seconds, only }: PauseRequest,
    good: GoodFiles | undefined,
    live: Table | undefined,
  ): Promise<void> {
    const store = this.#store;
    if (!store) throw new Error('a loop without a record of pauses was paused');
    const sinceSeconds = store.now();
    await store.write({
      services: only.length === 0 ? undefined : servicesOf(only, good, live),
      who,
      reason,
      sinceSeconds,
      untilSeconds: seconds === undefined ? undefined : sinceSeconds + seconds,
    });
  }

  /** Throws `IO`: the pause goes on then. */
  async end(): Promise<void> {
    this.#isEnding = true;
    try {
      await this.#store?.clear();
    } catch (error) {
      this.#isEnding = false;
      throw error;
    }
  }
}

function servicesOf(
  only: PauseRequest['only'],
  good: GoodFiles | undefined,
  live: Table | undefined,
): NonNullable<Pause['services']> {
  if (!good)
    throw new IpvstateError('UNAVAILABLE', '--only needs files that are valid, and none are yet', {
      hint: 'Pause everything, without --only.',
    });
  const table: Pick<Table, 'services'> = live ?? { services: new Map() };
  const isSelected = parseSelectors(only, good.desired, table);
  const keys = new Set([...good.desired.services.keys(), ...table.services.keys()]);
  return [...keys].filter((key) => isSelected?.(key)).sort();
}
