// A picture of the growth: CPU time over the number of destinations, both in powers of ten, so that
// a cost that grows in a straight line is a line that rises by one step for each step to the right.

const SIZE = { width: 760, height: 480, left: 70, right: 190, top: 50, bottom: 50 };
const COLORS = ['#0b6e99', '#c2410c', '#4d7c0f', '#7e22ce', '#b91c1c', '#525252'];

const inner = {
  width: SIZE.width - SIZE.left - SIZE.right,
  height: SIZE.height - SIZE.top - SIZE.bottom,
};

/**
 * The lines of the picture, one for each command and shape. A result of a case that compares a size
 * with ten times the size has two points.
 */
function linesOf(results) {
  const lines = new Map();
  for (const { name, services, destinations, ours, theirs } of results) {
    const key = `${name.replace('-linear', '')}, ${destinations} each`;
    const points = lines.get(key) ?? new Map();
    lines.set(key, points);
    points.set(services * destinations, theirs.cpu);
    points.set(10 * services * destinations, ours.cpu);
  }
  return [...lines].map(([title, points]) => ({
    title,
    isDashed: title.endsWith(', 10 each'),
    points: [...points].sort(([a], [b]) => a - b),
  }));
}

/** Whole powers of ten around the values. */
function powersAround(values) {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const position = (value, powers) =>
  (Math.log10(value) - powers[0]) / (powers.at(-1) - powers[0] || 1);

function text(x, y, content, anchor = 'start') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${content}</text>`;
}

/** Draws results of cases that compare a size with ten times the size, as SVG. */
export function plotGrowth(results) {
  const lines = linesOf(results);
  const all = lines.flatMap(({ points }) => points);
  const across = powersAround(all.map(([size]) => size));
  const up = powersAround(all.map(([, milliseconds]) => milliseconds));
  const x = (size) => SIZE.left + inner.width * position(size, across);
  const y = (milliseconds) => SIZE.top + inner.height * (1 - position(milliseconds, up));
  const grid = [
    ...across.map((power) => {
      const at = x(10 ** power);
      const label = text(
        at,
        SIZE.height - SIZE.bottom + 20,
        (10 ** power).toLocaleString('en'),
        'middle',
      );
      return `<path d="M${at} ${SIZE.top}v${inner.height}"/>${label}`;
    }),
    ...up.map((power) => {
      const at = y(10 ** power);
      const label = text(SIZE.left - 8, at + 4, `${10 ** power / 1000} s`, 'end');
      return `<path d="M${SIZE.left} ${at}h${inner.width}"/>${label}`;
    }),
  ];
  const curves = lines.map(({ title, isDashed, points }, index) => {
    const color = COLORS[(index >> 1) % COLORS.length];
    const path = points
      .map(([size, cpu]) => `${x(size).toFixed(1)} ${y(cpu).toFixed(1)}`)
      .join('L');
    const dash = isDashed ? ' stroke-dasharray="5 4"' : '';
    const at = SIZE.top + 14 + 20 * index;
    const side = SIZE.width - SIZE.right + 16;
    return (
      `<g stroke="${color}"${dash}><path d="M${path}"/><path d="M${side} ${at}h24"/></g>` +
      text(side + 30, at + 4, title)
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${text(SIZE.left, 28, 'CPU time of the whole process, over the destinations in the table')}
<g fill="none" stroke="#ddd">${grid.join('\n').replaceAll('<text', '<text fill="#333" stroke="none"')}</g>
<g fill="none" stroke-width="2">${curves.join('\n').replaceAll('<text', '<text fill="#333" stroke="none"')}</g>
</svg>
`;
}
