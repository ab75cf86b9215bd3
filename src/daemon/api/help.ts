import { shellWord } from '../../model/shell-word.ts';
import { isOfGeneration } from '../../sources/etcd/address.ts';
import type { Status } from '../status/status.ts';
import type { ApiStatus, Help } from './documents.ts';

const DOCTOR: Help = {
  command: 'ipvstate doctor',
  text: 'says what cannot work on this machine, and how to correct it',
};

const HEALTH: Help = {
  command: 'ipvstate health',
  text: 'shows what the health checks found',
};

/** The commands that help in the present state, the most useful one first. */
export function helpFor(status: Status, pending: ApiStatus['try']): readonly Help[] {
  const { overrides = [], health_effects = [] } = status;
  const isTreated = health_effects.some(({ effect }) => effect !== 'slow-start');
  return [
    ...(pending ? [{ command: pending.command, text: 'ends the try that waits' }] : []),
    ...healthHelp(status),
    ...(status.health !== 'paused' && status.paused
      ? [{ command: 'ipvstate resume', text: 'ends the pause' }]
      : []),
    ...(status.health !== 'panic' && isTreated ? [HEALTH] : []),
    ...(overrides.length > 0
      ? [{ command: 'ipvstate overrides', text: 'lists the overrides, and ends them' }]
      : []),
  ];
}

function healthHelp({ health, unserved, waiting, config, files }: Status): Help[] {
  switch (health) {
    case 'failed':
      return [DOCTOR, { command: 'ipvstate reload', text: 'tries again now' }];
    case 'unserved':
      return [
        {
          command: `ipvstate explain ${shellWord(unserved[0] ?? 'SERVICE')}`,
          text: 'says what acts on the service',
        },
        { command: 'ipvstate reload', text: 'tries again now' },
      ];
    case 'held':
      return [
        {
          command: `ipvstate approve ${waiting?.plan ?? ''}`.trim(),
          text: 'executes just this plan, although a guard refuses it',
        },
      ];
    case 'invalid': {
      const path = config.error?.position?.file ?? files[0]?.path;
      if (path !== undefined && isOfGeneration(path))
        return [{ command: 'ipvstate status', text: 'shows the error with its place' }];
      return [
        {
          command: `ipvstate validate${path === undefined ? '' : ` -f ${shellWord(path)}`}`,
          text: 'lists every error of the file',
        },
      ];
    }
    case 'refused':
      return [DOCTOR, { command: 'ipvstate reload', text: 'asks the kernel again' }];
    case 'panic':
      return [HEALTH];
    case 'contested':
      return [
        { command: 'ipvstate doctor', text: 'names other programs that write to the table' },
        { command: 'ipvstate reload', text: 'puts the contested objects right once more' },
      ];
    case 'drifted':
      return [{ command: 'ipvstate status', text: 'lists the differences, which are left alone' }];
    case 'paused':
      return [{ command: 'ipvstate resume', text: 'ends the pause' }];
    case 'source-unreachable':
      return [{ command: 'ipvstate reload', text: 'reads the configuration again now' }];
    case 'starting':
    case 'draining':
    case 'in-sync':
      return [];
    default:
      return health satisfies never;
  }
}
