/**
 * Moves this process, and the programs that it starts, to a time zone in which it is noon. A time
 * of the next day is printed with its date, which makes lines longer, so that a test could pass in
 * the morning and fail before midnight.
 */
export function moveToNoon(): void {
  const hoursBehindUtc = new Date().getUTCHours() - 12;
  process.env.TZ = `Etc/GMT${hoursBehindUtc < 0 ? '-' : '+'}${Math.abs(hoursBehindUtc)}`;
}
