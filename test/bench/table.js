// The rows of the report.

const WIDTHS = [32, 10, 10, 8, 9, 26];

const columns = (cells) =>
  cells
    .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
    .join(' ')
    .trimEnd();

function duration(milliseconds) {
  if (milliseconds === undefined) return '-';
  return milliseconds >= 1000
    ? `${(milliseconds / 1000).toFixed(2)} s`
    : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/**
 * Theirs by ours where ours must be faster, else ours by theirs, so that it compares with the
 * goal's number.
 */
function ratio(ours, theirs, isFaster) {
  if (theirs === undefined) return '-';
  const value = isFaster ? theirs / ours : ours / theirs;
  return value.toFixed(value < 10 ? 2 : 0);
}

const verdict = (isMet) => (isMet === undefined ? '' : isMet ? 'met' : 'MISSED');

export function formatHeading(load) {
  return [
    `load ${load.map((value) => value.toFixed(1)).join(' ')}, ${new Date().toISOString()}`,
    columns(['case', 'ours', 'theirs', 'ratio', 'CPU', 'goal', 'verdict']),
  ].join('\n');
}

export function formatRow(
  { name, services, destinations, goal, memoryGoal, theirs: hasTheirs },
  { ours, theirs },
) {
  const isFaster = goal?.text.endsWith('faster');
  const isMet =
    goal && (hasTheirs === undefined || theirs) ? goal.isMet(ours.time, theirs?.time) : undefined;
  const cpu = theirs ? ratio(ours.cpu, theirs.cpu, isFaster) : duration(ours.cpu);
  const row = columns([
    `${name} ${services}x${destinations}`,
    duration(ours.time),
    duration(theirs?.time),
    ratio(ours.time, theirs?.time, isFaster),
    cpu,
    goal?.text ?? '',
    verdict(isMet),
  ]);
  if (!memoryGoal) return row;
  const megabytes = (side) => `${Math.round(side.memory / 1024)} MiB`;
  const memoryMet = memoryGoal.isMet(ours.memory, theirs.memory);
  const cells = [
    '  peak memory',
    megabytes(ours),
    megabytes(theirs),
    ratio(ours.memory, theirs.memory, false),
    '',
    memoryGoal.text,
  ];
  return `${row}\n${columns([...cells, verdict(memoryMet)])}`;
}
