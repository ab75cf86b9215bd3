import type {
  ExplainedAttribute,
  ExplainedDestination,
  Explanation,
} from '../../plan/explain/explanation.ts';
import { fieldChanges } from '../../plan/fields.ts';
import { formatFileLine } from '../issues.ts';
import type { Style } from '../style.ts';
import type { Problem } from './explanation-json.ts';
import { formatInfluence, formatOrigin, formatValue } from './influence.ts';
import { wrap } from './wrap.ts';

interface Layout {
  readonly style: Style;
  readonly width: number;
}

/** Formats the explanation of a service or a destination. */
export function formatExplanation(
  explanation: Explanation,
  problem: Problem | undefined,
  layout: Layout,
): string {
  const influences = explanation.influences.flatMap((influence) =>
    indented(formatInfluence(influence, explanation), layout.width),
  );
  const destinations = explanation.destinations.flatMap((each) =>
    indented(formatDestination(each), layout.width),
  );
  const sections = [
    [...formatTitle(explanation, layout), '', ...formatTable(explanation, layout)],
    influences.length === 0 ? [] : ['Acts on it:', ...influences],
    destinations.length === 0 ? [] : ['Destinations:', ...destinations],
    formatEnd(explanation, problem).flatMap((sentence) => wrap(sentence, layout.width)),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

/** Indents a text, and its second line and those after it even more. */
function indented(text: string, width: number): string[] {
  return wrap(text, width - 4).map((line, index) => `${index === 0 ? '  ' : '    '}${line}`);
}

function formatTitle({ service, destination, name, position }: Explanation, layout: Layout) {
  const { strong } = layout.style;
  const subject = destination === undefined ? service : `${destination} of ${service}`;
  const label = name === undefined ? '' : ` "${name}"`;
  const place = position ? formatFileLine(position) : 'no file has it';
  const isShort = subject.length + label.length + place.length + 2 <= layout.width;
  const title = `${strong(subject)}${label}`;
  return isShort ? [`${title}  ${place}`] : [title, `  ${place}`];
}

/** Formats one line for each attribute. An origin that is too long has a line of its own. */
function formatTable(explanation: Explanation, { style, width }: Layout): string[] {
  const { attributes, isDesired, live } = explanation;
  const rows = attributes.map((attribute) => ({
    attribute,
    cells: [
      attribute.name,
      ...(isDesired ? [valueText(attribute, attribute.desired)] : []),
      ...(live === 'there' ? [liveText(attribute, isDesired)] : []),
    ],
    from: isDesired ? formatOrigin(attribute.origin) : '',
  }));
  const heads = [
    'attribute',
    ...(isDesired ? ['files'] : []),
    ...(live === 'there' ? ['live'] : []),
  ];
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map(({ cells }) => (cells[column] ?? '').length)),
  );
  const line = (cells: readonly string[], from: string, isDifferent: boolean): string[] => {
    const padded = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    const length = 2 + padded.join('  ').length + 2 + from.length;
    const shown = padded.map((cell, column) =>
      isDifferent && column === cells.length - 1 ? style.edit(cell) : cell,
    );
    const start = `  ${shown.join('  ')}`;
    if (from === '') return [start.trimEnd()];
    return length <= width ? [`${start}  ${from}`] : [start.trimEnd(), `      ${from}`];
  };
  return [
    ...line(heads, isDesired ? 'from' : '', false).map(style.faint),
    ...rows.flatMap(({ attribute, cells, from }) => line(cells, from, isChanged(attribute))),
  ];
}

function valueText({ name }: ExplainedAttribute, value: ExplainedAttribute['live']): string {
  return value === undefined ? '' : formatValue(name, value);
}

/** The live value, or `=` when the files have the same. */
function liveText(attribute: ExplainedAttribute, isDesired: boolean): string {
  const { desired, live } = attribute;
  const isSame = isDesired && live !== undefined && String(live) === String(desired);
  return isSame ? '=' : valueText(attribute, live);
}

function isChanged({ live, planned }: ExplainedAttribute): boolean {
  return live !== undefined && planned !== undefined && String(live) !== String(planned);
}

function formatDestination(each: ExplainedDestination): string {
  const { destination, position, action, live } = each;
  const place = position ? formatFileLine(position) : 'no file has it';
  const notes = [
    ...(live === 'missing' ? ['not live'] : []),
    ...(action === undefined ? [] : [`apply will ${action} it`]),
  ];
  return [`${destination}  ${place}`, ...notes].join(', ');
}

/** Says what `apply` does, or why that is not known. */
function formatEnd(explanation: Explanation, problem: Problem | undefined): string[] {
  const { action, live, attributes, destinations } = explanation;
  if (problem) {
    const lead = live === 'not read' ? 'Live values are not known' : 'apply would fail';
    return [`${lead}: ${problem.message}.`, ...(problem.hint ? [problem.hint] : [])];
  }
  if (action === 'edit') {
    const edits = fieldChanges(
      Object.fromEntries(attributes.map(({ name, live: value = null }) => [name, value])),
      Object.fromEntries(
        attributes.flatMap(({ name, planned }) => (planned === undefined ? [] : [[name, planned]])),
      ),
    );
    const shown = edits.map(
      ({ field, before, after }) =>
        `${field} ${formatValue(field, before)} -> ${formatValue(field, after)}`,
    );
    return [`apply will edit it: ${shown.join(', ')}.`];
  }
  if (action !== undefined) return [`apply will ${action} it.`];
  const isSame = destinations.every((each) => each.action === undefined);
  return [isSame ? 'apply changes nothing here.' : 'apply changes only destinations here.'];
}
