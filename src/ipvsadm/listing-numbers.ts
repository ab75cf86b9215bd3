const UNITS = [
  { below: 1_000_000_000n, divisor: 1_000n, suffix: 'K' },
  { below: 100_000_000_000n, divisor: 1_000_000n, suffix: 'M' },
  { below: 100_000_000_000_000n, divisor: 1_000_000_000n, suffix: 'G' },
] as const;

/**
 * A counter as ipvsadm's `--stats` prints it: nine columns, from 100 000 000 on in decimal units, cut not rounded. Eight digits and a
 * suffix leave no blank before them. `exact` prints all digits.
 */
export function formatCounter(value: bigint, exact: boolean): string {
  if (exact || value < 100_000_000n) return ` ${`${value}`.padStart(8)}`;
  const { divisor, suffix } = UNITS.find(({ below }) => value < below) ?? {
    divisor: 1_000_000_000_000n,
    suffix: 'T',
  };
  return `${`${value / divisor}`.padStart(8)}${suffix}`;
}
