import type { Tree } from './tree.ts';

const LIMITS = { median: 100, p90: 250, max: 400 };

function lines(source: string): number {
  return source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
}

/** The value below which the share `part` of `sorted` lies, by nearest rank. */
function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

/** The files that are too long to be read at once, and the same for the tree as a whole. */
export function sizeViolations(tree: Tree): readonly string[] {
  const sizes = [...tree].map(([path, source]) => ({ path, size: lines(source) }));
  const sorted = sizes.map(({ size }) => size).sort((a, b) => a - b);
  const median = percentile(sorted, 0.5);
  const p90 = percentile(sorted, 0.9);
  return [
    ...sizes
      .filter(({ size }) => size > LIMITS.max)
      .map(({ path, size }) => `${path} has ${size} lines, over ${LIMITS.max}`),
    ...(median > LIMITS.median
      ? [`the median file has ${median} lines, over ${LIMITS.median}`]
      : []),
    ...(p90 > LIMITS.p90 ? [`one file in ten has ${p90} lines or more, over ${LIMITS.p90}`] : []),
  ];
}
