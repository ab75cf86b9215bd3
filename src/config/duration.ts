const UNITS: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 };

/** Seconds of `90s`, `15m`, `1h30m` or `2d`; units from large to small, each once. undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (!match || text === '') return undefined;
  return Object.values(UNITS).reduce((sum, seconds, index) => sum + Number(match[index + 1] ?? 0) * seconds, 0);
}

/** The shortest way to write it: `15m`, `1h30m`, `90s` as `1m30s`. Takes whole seconds, at least 1. */
export function formatDuration(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}
