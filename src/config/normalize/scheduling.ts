import { isSchedulerName } from '../../model/names.ts';
import { SCHEDULER_FLAGS, SCHEDULERS } from '../../model/scheduler.ts';
import { defaultServiceSettings, type ServiceSettings } from '../../model/service.ts';
import type { SchedulingMapping } from '../config.ts';
import { atValue, type Place, type Report } from '../finding.ts';
import { hintFor, suggest } from '../suggest.ts';
import { type Layer, pick } from './layers.ts';
import type { Places } from './trace.ts';

type SchedulingSettings = Pick<ServiceSettings, 'scheduler' | 'schedulerFlags'>;

const DEFAULT_SCHEDULER = defaultServiceSettings('ipv4').scheduler;

/**
 * Reads the scheduler and its flags. Flags belong to the scheduler beside them: flags of the
 * defaults are dropped when the service or its profile names the scheduler. Returns undefined after
 * reporting an error.
 */
export function normalizeScheduling(
  layers: readonly Layer<SchedulingMapping>[],
  report: Report,
  places: Places | undefined,
): SchedulingSettings | undefined {
  const picked = pick(layers, 'scheduler');
  const scheduler = picked?.value ?? DEFAULT_SCHEDULER;
  if (picked && !checkScheduler(scheduler, picked.place, report)) return undefined;
  if (picked) places?.set('scheduler', picked.place);
  const flags = pick(layers, 'scheduler_flags');
  if (!flags || flags.depth > (picked?.depth ?? Number.POSITIVE_INFINITY))
    return { scheduler, schedulerFlags: 0 };
  places?.set('scheduler_flags', flags.place);
  let bits = 0;
  let good = true;
  for (const [index, name] of flags.value.entries()) {
    const flag = SCHEDULER_FLAGS.find((known) => known.name === name);
    if (!flag || (flag.scheduler !== undefined && flag.scheduler !== scheduler)) {
      reportFlag(name, scheduler, flags.place, index, report);
      good = false;
    } else {
      bits |= flag.bit;
    }
  }
  return good ? { scheduler, schedulerFlags: bits } : undefined;
}

/**
 * Checks the name of a scheduler. An unknown name is only a warning, because the kernel may have a
 * module for it.
 */
function checkScheduler(scheduler: string, place: Place, report: Report): boolean {
  if (!isSchedulerName(scheduler)) {
    const quoted = JSON.stringify(scheduler);
    const message = `${quoted} is not the name of a scheduler: 1 to 15 characters without blanks`;
    report({ code: 'SCHEDULER', severity: 'error', message, place });
    return false;
  }
  if (!(SCHEDULERS as readonly string[]).includes(scheduler)) {
    const near = suggest(scheduler, SCHEDULERS);
    const needs = near === undefined ? `: it needs a module ip_vs_${scheduler}` : '';
    const message = `the scheduler "${scheduler}" is not one of the Linux kernel's${needs}`;
    report({
      code: 'SCHEDULER',
      severity: 'warning',
      message,
      place,
      hint: near ? `did you mean "${near}"?` : hintFor('', SCHEDULERS),
    });
  }
  return true;
}

function reportFlag(
  name: string,
  scheduler: string,
  list: Place,
  index: number,
  report: Report,
): void {
  const message = `the scheduler ${scheduler} has no flag ${name}`;
  const own = SCHEDULER_FLAGS.filter((flag) => flag.scheduler === scheduler).map(
    (flag) => flag.name,
  );
  const generic = SCHEDULER_FLAGS.filter((flag) => flag.scheduler === undefined).map(
    (flag) => flag.name,
  );
  const place = typeof list === 'object' ? atValue(...list.path, index) : list;
  report({
    code: 'SCHEDULER_FLAG',
    severity: 'error',
    message,
    place,
    hint: `allowed: ${[...own, ...generic].join(', ')}`,
  });
}
