import type { FieldValue } from '../../model/attributes.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Origin } from '../../model/origin.ts';
import { printable } from '../../model/printable.ts';
import type { Explanation } from '../../plan/explain/explanation.ts';
import type { Influence } from '../../plan/explain/influences.ts';
import { formatFieldValue } from '../../plan/fields.ts';
import { countOf } from '../count-of.ts';
import { formatDrain } from '../drains.ts';
import { describeTreatment, treatmentOf } from '../health.ts';
import { formatFileLine } from '../issues.ts';
import { describeOverride, formatNote } from '../overrides.ts';

/** Describes where a value comes from, such as `profile "web", shop.yaml:12`. */
export function formatOrigin(origin: Origin | undefined): string {
  if (!origin) return 'built in';
  const { kind, name, position } = origin;
  if (kind === 'line') return `line ${position.line} of ${printable(position.file)}`;
  const part = name === undefined ? kind : `${kind} "${name}"`;
  return `${part}, ${formatFileLine(position)}`;
}

/** Returns an attribute's value for people. */
export function formatValue(name: string, value: FieldValue): string {
  if (!name.startsWith('drain.')) return formatFieldValue(name, value);
  return typeof value === 'number' && value > 0 ? formatDuration(value) : 'off';
}

/** Describes one thing that acts on an object, in one sentence without a full stop. */
export function formatInfluence(influence: Influence, explanation: Explanation): string {
  switch (influence.kind) {
    case 'preserve': {
      const { destinations, fields, origin } = influence;
      const from = origin ? ` (${formatOrigin(origin)})` : '';
      const kept = fields.map((field) => keptValue(field, explanation)).join(', ');
      const [only = '', ...others] = destinations;
      const subject = others.length === 0 ? only : countOf(destinations.length, 'destination');
      const of = explanation.destination === undefined ? ` of ${subject}` : '';
      return `preserve: the live ${kept}${of} wins over the file${from}`;
    }
    case 'health': {
      const { note } = influence;
      const of = explanation.destination === undefined ? `${note.destination}: ` : '';
      return `health: ${of}${describeTreatment(treatmentOf(note))}`;
    }
    case 'override': {
      const { note } = influence;
      const isOwn = explanation.destination !== undefined;
      return `override: ${isOwn ? describeOverride(note) : formatNote(note)}`;
    }
    case 'drain':
      return `drain: ${formatDrain(influence.drain)}`;
    case 'protect':
      return influence.isRemembered
        ? 'protect: it was protected when it was last applied, and no file has it any more: only --allow-protected deletes it'
        : `protect: no plan deletes this service unless --allow-protected is given (${formatOrigin(influence.origin)})`;
    case 'manage': {
      const { position } = influence;
      const place = position ? ` (${formatFileLine(position)})` : '';
      return `manage: the files are not responsible for this service, and leave it alone${place}`;
    }
    case 'unmanageable':
      return `kernel: ${influence.object} has ${influence.reason}, which no file can express: plans leave it alone`;
    case 'removed':
      return 'removed: no file has it';
    case 'guard': {
      const { guard, message, flag } = influence.refusal;
      return `guard: ${guard} holds the plan back: ${message} (${flag} accepts it once)`;
    }
    case 'paused': {
      const { services, description } = influence.pause;
      const what = services ? 'leaves this service alone' : 'writes nothing';
      return `paused: the daemon ${what} (${description}); \`ipvstate resume\` ends the pause`;
    }
    case 'contested':
      return `contested: another program changed ${influence.object} back ${countOf(influence.reversals, 'time')}, and the daemon leaves it alone`;
    case 'refused': {
      const hint = influence.hint === null ? '' : ` (${influence.hint})`;
      return `refused: the kernel refuses this service, and the daemon leaves it out: ${influence.reason}${hint}`;
    }
    case 'daemon':
      return `daemon: ${influence.health}`;
    default:
      return influence satisfies never;
  }
}

/** A preserved value of a destination that is explained; else only the name of the attribute. */
function keptValue(field: string, { destination, attributes }: Explanation): string {
  const found = attributes.find(({ name }) => name === field);
  if (destination === undefined || found?.live === undefined) return field;
  const inFile = found.desired === undefined ? '' : ` (file: ${formatValue(field, found.desired)})`;
  return `${field} ${formatValue(field, found.live)}${inFile}`;
}
