import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Plot } from '../api/documents.ts';

type Values = readonly (number | null)[];

const WIDTH = 100;
const HEIGHT = 20;

/** The lines that were drawn. While a list is scrolled, each is drawn again and again. */
const lines = new WeakMap<Values, string>();

/** A line without axes. The number beside it says what it is. */
export function Sparkline({ values = [] }: { readonly values: Values | undefined }) {
  const line = lines.get(values) ?? lineOf(values);
  lines.set(values, line);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden
    >
      <path d={line} />
    </svg>
  );
}

function lineOf(values: Values): string {
  const most = Math.max(1, largestOf(values));
  const step = WIDTH / Math.max(1, values.length - 1);
  let line = '';
  let isGap = true;
  values.forEach((value, index) => {
    if (value !== null) {
      const y = HEIGHT - 1 - (value / most) * (HEIGHT - 2);
      line += `${isGap ? 'M' : 'L'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    }
    isGap = value === null;
  });
  return line;
}

function largestOf(values: Values): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

interface TimePlotProps {
  readonly title: string;
  readonly values: Values;
  /** The time of the last value, in ISO 8601. */
  readonly until: string;
  readonly interval: Plot['interval_seconds'];
  readonly format: (value: number) => string;
}

/** Values over time, with axes. The title has the value below the pointer, else the latest one. */
export function TimePlot({ title, values, until, interval, format }: TimePlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const formatValue = (value: number | null | undefined): string =>
    value === null || value === undefined ? 'not known' : format(value);
  const latest = formatValue(values.at(-1));
  const data = dataOf(values, until, interval);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const show = ({ cursor, data: [, y] }: uPlot): void => {
      const at = cursor.idx ?? null;
      const value = at === null || (cursor.left ?? -1) < 0 ? y?.at(-1) : y?.[at];
      if (shown.current) shown.current.textContent = formatValue(value);
    };
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, format, show), data, element);
    };
    draw();
    const sizes = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    sizes.observe(element);
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      scheme.removeEventListener('change', draw);
      sizes.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [values, until]);

  const label = `${title}: ${latest}, at most ${format(largestOf(values))} in the last 15 minutes`;
  return (
    <figure class="plot">
      <figcaption>
        {title} <strong ref={shown}>{latest}</strong>
      </figcaption>
      <div class="canvas" ref={box} role="img" aria-label={label} />
    </figure>
  );
}

function dataOf(values: Values, until: string, interval: number): uPlot.AlignedData {
  const end = Math.round(Date.parse(until) / 1000);
  return [values.map((_, index) => end - (values.length - 1 - index) * interval), [...values]];
}

/** The time that a plot shows, also when it has values of a part of it only. */
const SHOWN_SECONDS = 900;
/** The steps of the axis of values, which are whole numbers. */
const STEPS = Array.from({ length: 15 }, (_, power) =>
  [1, 2, 5].map((one) => one * 10 ** power),
).flat();

/** Options in the colours of the page. */
function optionsOf(
  element: HTMLElement,
  format: (value: number) => string,
  show: (plot: uPlot) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: {
      x: { range: (_, __, latest) => [latest - SHOWN_SECONDS, latest] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [
      { ...axis, size: 22, space: 70, values: (_, times) => times.map(formatClock) },
      { ...axis, size: 66, space: 28, incrs: STEPS, values: (_, values) => values.map(format) },
    ],
    series: [
      {},
      {
        stroke: colour('--accent'),
        fill: colour('--accent-tint'),
        width: 1.5,
        points: { show: false },
      },
    ],
    hooks: { setCursor: [show], setData: [show] },
  };
}

function formatClock(seconds: number): string {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
