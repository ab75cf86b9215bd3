import { countOf } from '../count-of.ts';
import type { Style } from '../style.ts';
import {
  type DestinationTraffic,
  type ServiceTraffic,
  SORT_KEYS,
  type SortKey,
  type Traffic,
} from './traffic.ts';

export interface TopView {
  readonly sort: SortKey;
  /** True to list the destinations of each service below it. */
  readonly hasDestinations: boolean;
  readonly style: Style;
  readonly width: number;
}

/** The columns after the name. Each is right-aligned. */
const COLUMNS = [
  { title: 'Weight', width: 7 },
  { title: 'Active', width: 8 },
  { title: 'Inact', width: 8 },
  { title: 'Conn/s', width: 8 },
  { title: 'In B/s', width: 8 },
  { title: 'Out B/s', width: 8 },
] as const;
const COLUMNS_WIDTH = COLUMNS.reduce((sum, { width }) => sum + width, 0);
const MIN_NAME_WIDTH = 24;

/**
 * Formats traffic as a table: one line for each service. A terminal gets emphasis for services that
 * nobody serves.
 */
export function formatTop(services: readonly ServiceTraffic[], view: TopView): string {
  const nameWidth = Math.max(MIN_NAME_WIDTH, view.width - COLUMNS_WIDTH);
  const lines = [titleLine(services, view), columnTitles(nameWidth, view.style)];
  for (const service of services) {
    lines.push(serviceLine(service, nameWidth, view.style));
    if (view.hasDestinations)
      for (const destination of service.destinations)
        lines.push(destinationLine(destination, nameWidth, view.style));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function titleLine(services: readonly ServiceTraffic[], { sort }: TopView): string {
  const destinations = services.reduce((sum, service) => sum + service.destinations.length, 0);
  const counted = `${countOf(services.length, 'service')}, ${countOf(destinations, 'destination')}`;
  const unserved = services.filter(({ isServed }) => !isServed).length;
  const warning = unserved === 0 ? '' : `, ${unserved} without a usable destination`;
  return `${counted}${warning}, by ${SORT_KEYS[sort].title}`;
}

function columnTitles(nameWidth: number, style: Style): string {
  const titles = COLUMNS.map(({ title, width }) => title.padStart(width)).join('');
  return style.strong(`${'Service'.padEnd(nameWidth)}${titles}`);
}

function serviceLine(traffic: ServiceTraffic, nameWidth: number, style: Style): string {
  const { service, isServed, usable, destinations } = traffic;
  const share = `${usable}/${destinations.length}`;
  const line = formatLine(service.key, share, traffic, nameWidth);
  return isServed ? line : style.remove(line);
}

function destinationLine(traffic: DestinationTraffic, nameWidth: number, style: Style): string {
  const { key, weight } = traffic.destination;
  const line = formatLine(`  ${key}`, formatAmount(weight), traffic, nameWidth);
  return weight === 0 ? style.faint(line) : line;
}

/** A name that is longer than its column has a line of its own. */
function formatLine(name: string, weight: string, traffic: Traffic, nameWidth: number): string {
  const { active, inactive, stats } = traffic;
  const amounts = [active, inactive, stats.connectionRate, stats.inByteRate, stats.outByteRate];
  const cells = [weight, ...amounts.map(formatAmount)]
    .map((cell, index) => cell.padStart(COLUMNS[index]?.width ?? 0))
    .join('');
  const start =
    name.length < nameWidth ? name.padEnd(nameWidth) : `${name}\n${' '.repeat(nameWidth)}`;
  return `${start}${cells}`;
}

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** Formats a number in at most five characters, such as `999`, `1.2k` or `340M`. */
export function formatAmount(value: number | bigint): string {
  let amount = Number(value);
  let unit = 0;
  // 999.5 and more would be rounded to four digits.
  while (amount >= (unit === 0 ? 1000 : 999.5) && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  const text = unit > 0 && amount < 9.95 ? amount.toFixed(1) : amount.toFixed(0);
  return `${text}${UNITS[unit]}`;
}
