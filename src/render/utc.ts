/** Formats a time in ISO 8601 as `2026-11-30 03:30:12Z`. */
export function formatUtc(time: string): string {
  return new Date(time).toISOString().replace('T', ' ').replace(/\.\d+/, '');
}
