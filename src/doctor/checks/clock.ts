import type { Check } from '../facts.ts';
import { notKnown, ok, remark, run, warning } from '../finding.ts';

/** This version of the program did not exist before. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** No decision depends on the wall clock. Records and messages have its times. */
export const CLOCK: Check = {
  name: 'clock',
  examine: ({ now, isClockSynchronized, kernel: { processes } }) => {
    const why = 'The journal and messages have its times. No decision depends on them.';
    if (now.getTime() < EARLIEST)
      return [warning(`it says ${now.toISOString()}`, why, run('timedatectl set-ntp true'))];
    if (isClockSynchronized.isKnown && isClockSynchronized.value)
      return [ok('systemd-timesyncd keeps it synchronised')];
    if (!processes.isKnown) return [notKnown('whether the clock is set by a service', processes)];
    const { timeServices, areHidden, isContainer } = processes.value;
    if (timeServices.length > 0) return [ok(`${timeServices.join(', ')} sets it`)];
    if (areHidden || isContainer) return [];
    return [remark('no service that sets it was seen', why, run('timedatectl set-ntp true'))];
  },
};
