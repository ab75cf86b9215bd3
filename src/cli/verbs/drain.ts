import { defineVerb } from '../declare/define-verb.ts';
import { OVERRIDE_EXITS } from '../declare/exit-groups.ts';
import { optionalArgument, repeatedArgument } from '../declare/options.ts';
import { lastsSeconds, SET_OPTIONS, selectorOf } from '../declare/override-options.ts';
import { override, speakerOf } from '../run-override.ts';

export const drainVerb = defineVerb({
  name: 'drain',
  job: 'operate',
  summary: 'no new clients to servers',
  description: 'give destinations weight 0 for a time, whatever the files say',
  arguments: {
    service: optionalArgument('service', 'its address or name; none with --all-services'),
    destinations: repeatedArgument('destination', 'addresses; without one, all of the service'),
  },
  options: SET_OPTIONS,
  exits: { ...OVERRIDE_EXITS, ok: 'in force, and verified' },
  examples: [
    "ipvstate drain shop 10.1.0.11 --for 2h --reason 'kernel upgrade'",
    'ipvstate drain --all-services 10.1.0.11',
  ],
  run: async (options, environment, { service, destinations }) =>
    override(
      'drain',
      {
        kind: 'set',
        selector: selectorOf(service === undefined ? [] : [service, ...destinations], options),
        weight: 0,
        rampSeconds: null,
        lastsSeconds: lastsSeconds(options),
        reason: options.reason ?? '',
        owner: options.owner ?? null,
        by: await speakerOf(environment),
      },
      options,
      environment,
    ),
});
