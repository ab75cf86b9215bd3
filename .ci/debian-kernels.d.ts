/** The newest version of each series, such as 6.1 and 6.12, in their order. */
export function newestOfEachSeries(versions: readonly string[]): string[];
