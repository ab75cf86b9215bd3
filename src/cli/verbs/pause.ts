import { InvalidArgumentError } from 'commander';
import { MAX_PAUSE_SECONDS } from '../../model/pause.ts';
import { callerName } from '../../recovery/caller.ts';
import { control, printAnswer } from '../control.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { CONTROL_EXITS } from '../declare/exit-groups.ts';
import { CONTROL_OPTIONS, reasonOption } from '../declare/option-groups.ts';
import { type OptionOf, parsed, parseSeconds, repeated } from '../declare/options.ts';

const FOR_EVER = 'ever';

export const pauseVerb = defineVerb({
  name: 'pause',
  job: 'operate',
  summary: 'daemon writes nothing',
  description: 'have the daemon watch and report, and write nothing, for a time',
  options: {
    time: pauseTime(),
    only: repeated(
      '--only <service>',
      'leave only this service alone: an address or a name, * for any characters (repeatable)',
    ),
    reason: reasonOption('why, for those who read the status'),
    ...CONTROL_OPTIONS,
  },
  exits: {
    ...CONTROL_EXITS,
    ok: 'paused: from now on, the daemon writes nothing',
    io: 'the pause cannot be stored, or the output cannot be written',
  },
  examples: [
    "ipvstate pause --for 30m --reason 'kernel upgrade of 10.0.0.7'",
    'ipvstate pause --only shop --for ever',
  ],
  notes: [
    'A pause replaces an earlier one, and outlives a restart of the daemon. At its',
    'end a pass runs at once. Commands by hand, such as apply, still write meanwhile.',
  ],
  run: async ({ time, only, reason, ...options }, environment) => {
    const request = {
      command: 'pause' as const,
      who: callerName((await environment.state()).caller),
      reason: reason ?? null,
      seconds: time === FOR_EVER ? null : (time ?? DEFAULT_SECONDS),
      only,
    };
    return printAnswer(await control(request, options, environment), environment);
  },
});

const DEFAULT_SECONDS = 3600;

/** The option `--for`: a time of at most a day, or `ever`. */
function pauseTime(): OptionOf<number | typeof FOR_EVER | undefined> {
  return parsed('--for <time>', 'end by itself after this time, or ever (default: 1h)', (text) => {
    if (text === FOR_EVER) return text;
    const seconds = parseSeconds(text);
    if (seconds === undefined || seconds < 1 || seconds > MAX_PAUSE_SECONDS)
      throw new InvalidArgumentError(
        'Expected a time such as 30m, of at most 24h, or ever for a pause without an end.',
      );
    return seconds;
  });
}
