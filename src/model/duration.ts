/** Seconds as people write them: `90` is `90s`, 900 is `15m`, 5400 is `1h30m`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60 || !Number.isInteger(seconds)) return `${seconds}s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  // 90 s reads better than 1m30s, and is what configurations usually say.
  if (seconds < 120 && rest !== 0) return `${seconds}s`;
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes}m` : ''}${rest ? `${rest}s` : ''}`;
}

/** Reads `90s`, `15m`, `1h30m`, `2d` or whole seconds without a unit; units in falling order, each at most once. */
export function parseDuration(text: string): number | undefined {
  if (/^(?:0|[1-9]\d{0,9})$/.test(text)) return Number(text);
  const match = /^(?:(\d{1,5})d)?(?:(\d{1,7})h)?(?:(\d{1,8})m)?(?:(\d{1,10})s)?$/.exec(text);
  if (!match || text === '') return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}
