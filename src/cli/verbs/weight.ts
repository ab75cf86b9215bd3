import { IpvstateError } from '../../errors.ts';
import type { SetOverrides } from '../../plan/overrides/override-request.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { OVERRIDE_EXITS } from '../declare/exit-groups.ts';
import { optionalArgument, requiredArgument } from '../declare/options.ts';
import {
  lastsSeconds,
  parseWeight,
  RAMP_OPTION,
  refuseLongRamp,
  SET_OPTIONS,
  selectorOf,
} from '../declare/override-options.ts';
import { override, speakerOf } from '../run-override.ts';

export const weightVerb = defineVerb({
  name: 'weight',
  job: 'operate',
  summary: 'another weight for a time',
  description: 'give a destination another weight for a time, whatever the files say',
  arguments: {
    service: requiredArgument('service', 'its address or name'),
    destination: requiredArgument('destination', 'its address'),
    weight: optionalArgument('n', 'the weight, from 0 on; required'),
  },
  options: { ramp: RAMP_OPTION, ...SET_OPTIONS },
  exits: { ...OVERRIDE_EXITS, ok: 'in force, and verified' },
  examples: [
    'ipvstate weight shop 10.1.0.11 50 --ramp 10m',
    'ipvstate weight shop 10.1.0.11 0 --owner checker-1',
  ],
  notes: [
    'The lowest weight of all overrides of a destination wins. A single one may also',
    'raise its weight.',
  ],
  run: async (options, environment, { service, destination, weight }) => {
    const words = [service, destination, ...(weight === undefined ? [] : [weight])];
    const names = words.slice(0, -1);
    if (names.length !== (options.allServices ? 1 : 2))
      throw new IpvstateError(
        'USAGE',
        options.allServices
          ? '--all-services needs a destination and a weight, and no service'
          : 'a service, a destination and a weight are needed',
        { hint: 'Such as: ipvstate weight shop 10.1.0.11 50' },
      );
    if (options.ramp > 0 && options.allServices)
      throw new IpvstateError('USAGE', '--ramp is for one destination of one service', {
        hint: 'Give the service in place of --all-services.',
      });
    const request: SetOverrides = {
      kind: 'set',
      selector: selectorOf(names, options),
      weight: parseWeight(words.at(-1) ?? ''),
      rampSeconds: options.ramp > 0 ? options.ramp : null,
      lastsSeconds: lastsSeconds(options),
      reason: options.reason ?? '',
      owner: options.owner ?? null,
      by: await speakerOf(environment),
    };
    refuseLongRamp(request);
    return override('weight', request, options, environment);
  },
});
