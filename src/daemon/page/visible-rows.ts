/** The rows of a long list that are on the screen, and where they are. All lengths are pixels. */
export interface RowPlaces {
  /** The top of each row, and the end of the list. */
  readonly tops: readonly number[];
}

/** Places rows below each other. */
export function placeRows(heights: readonly number[]): RowPlaces {
  const tops = [0];
  for (const height of heights) tops.push((tops.at(-1) ?? 0) + height);
  return { tops };
}

/** Rows that are drawn above and below the screen, so that scrolling never shows a gap. */
const SPARE_ROWS = 8;

/** Returns the rows between two places of the list: the first one, and the one after the last. */
export function rowsBetween(
  { tops }: RowPlaces,
  from: number,
  to: number,
): readonly [first: number, end: number] {
  const count = tops.length - 1;
  const first = Math.max(0, rowAt(tops, from) - SPARE_ROWS);
  const end = Math.min(count, rowAt(tops, to) + 1 + SPARE_ROWS);
  return [Math.min(first, count), Math.max(end, 0)];
}

/** Finds the row that contains a place, by halving. */
function rowAt(tops: readonly number[], place: number): number {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((tops[middle + 1] ?? Number.POSITIVE_INFINITY) <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}
