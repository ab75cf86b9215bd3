import type { Destination, DestinationKey } from '../../model/destination.ts';
import type { DestinationDecoder } from './decode-destination.ts';

/** How many of those that come next are compared: with two, one that is missing does not hide the ones behind it. */
const AHEAD = 2;

/**
 * The destinations that a pool is expected to have, in the order in which they are likely to be listed: the kernel puts new ones first
 * (kernel: ip_vs_ctl.c __ip_vs_update_dest), so those that were added one after the other come backwards.
 */
export class Expected {
  readonly #list: readonly Destination[];
  #at: number;
  #step = -1;
  #isBegun = false;

  constructor(like: ReadonlyMap<DestinationKey, Destination>) {
    this.#list = [...like.values()];
    this.#at = this.#list.length - 1;
  }

  /** The one that the decoder is at, if it was to be expected here. */
  next(decoder: DestinationDecoder): Destination | undefined {
    const found = this.#ahead(decoder);
    if (found || this.#isBegun) return found;
    this.#isBegun = true;
    const [first] = this.#list;
    if (!first || !decoder.is(first)) return undefined;
    this.#step = 1;
    this.#at = 1;
    return first;
  }

  #ahead(decoder: DestinationDecoder): Destination | undefined {
    for (let ahead = 0; ahead < AHEAD; ahead++) {
      const at = this.#at + ahead * this.#step;
      const known = this.#list[at];
      if (!known || !decoder.is(known)) continue;
      this.#at = at + this.#step;
      this.#isBegun = true;
      return known;
    }
    return undefined;
  }
}
