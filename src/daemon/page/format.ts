/** Numbers and times as the page shows them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** Formats a count: `8,331`. From a million on, three digits and a unit: `1.23 M`. */
export function formatCount(value: number): string {
  return value < 999_999.5 ? whole.format(value) : formatScaled(value).trim();
}

/** Formats a rate in bytes: `640 B/s`, `12.4 MB/s`. */
export function formatBytes(bytesPerSecond: number): string {
  return `${formatScaled(bytesPerSecond)}B/s`;
}

/** Formats three digits and the prefix of a unit: `640 `, `12.4 M`. */
function formatScaled(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return `${rest.toFixed(digits)} ${UNITS[unit]}`;
}

/** Formats a share between 0 and 1: `37 %`. A small share is not none: `<1 %`. */
export function formatShare(share: number): string {
  return share > 0 && share < 0.005 ? '<1 %' : `${Math.round(share * 100)} %`;
}

const AGES: readonly (readonly [unit: string, seconds: number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** Formats how long something lasts, in its two largest units: `3 h 12 min`. */
export function formatAge(seconds: number): string {
  const rest = Math.max(0, Math.floor(seconds));
  const first = AGES.findIndex(([, size]) => rest >= size);
  if (first === -1) return '0 s';
  const [unit, size] = AGES[first] as readonly [string, number];
  const next = AGES[first + 1];
  const more = next ? Math.floor((rest % size) / next[1]) : 0;
  const text = `${Math.floor(rest / size)} ${unit}`;
  return next && more > 0 ? `${text} ${more} ${next[0]}` : text;
}

/** Formats the time that is left until something ends: `4:05`, `1:02:09`. */
export function formatCountdown(seconds: number): string {
  const rest = Math.max(0, Math.ceil(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(rest / 3600);
  const minutes = Math.floor((rest % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest % 60)}` : `${minutes}:${two(rest % 60)}`;
}

/** Formats a local date and time: `3 May 2026 17:45`. */
export function formatDate(date: Date): string {
  return formatTime(date.toISOString(), new Date(0));
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** Formats a local time: `12:11:04`, or `3 May 17:45` when it is another day than `now`. */
export function formatTime(time: string, now: Date): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.toDateString() === now.toDateString()) return `${clock}:${two(date.getSeconds())}`;
  const year = date.getFullYear() === now.getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${MONTHS[date.getMonth()]}${year} ${clock}`;
}
