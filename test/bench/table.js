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
  { name, services, destinations, goal, memoryGoal, pagesGoal, theirs: hasTheirs },
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
  const megabytes = (kibibytes) => `${Math.round(kibibytes / 1024)} MiB`;
  return [
    row,
    ...quantityRow('  peak memory', memoryGoal, ours.memory, theirs?.memory, megabytes),
    ...quantityRow('  page faults', pagesGoal, ours.pages, theirs?.pages, String),
  ].join('\n');
}

/** The row of another quantity than time, for a case that has a goal for it. */
function quantityRow(name, goal, ours, theirs, format) {
  if (!goal) return [];
  const shown = theirs === undefined ? '-' : format(theirs);
  const factor = ratio(ours, theirs, false);
  return [
    columns([name, format(ours), shown, factor, '', goal.text, verdict(goal.isMet(ours, theirs))]),
  ];
}
