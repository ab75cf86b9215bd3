import { defineVerb } from '../declare/define-verb.ts';
import { OVERRIDE_EXITS } from '../declare/exit-groups.ts';
import { optionalArgument, repeatedArgument } from '../declare/options.ts';
import { OVERRIDE_OPTIONS, selectorOf } from '../declare/override-options.ts';
import { override, speakerOf } from '../run-override.ts';

export const undrainVerb = defineVerb({
  name: 'undrain',
  job: 'operate',
  summary: 'end a drain',
  description: 'end drains of operators, or with --owner those of a program',
  arguments: {
    service: optionalArgument('service', 'its address or name; none with --all-services'),
    destinations: repeatedArgument('destination', 'addresses; without one, all of the service'),
  },
  options: OVERRIDE_OPTIONS,
  exits: { ...OVERRIDE_EXITS, ok: 'ended and verified, or there was no such drain' },
  examples: ['ipvstate undrain shop 10.1.0.11', 'ipvstate undrain --all-services 10.1.0.11'],
  run: async (options, environment, { service, destinations }) =>
    override(
      'undrain',
      {
        kind: 'end',
        selector: selectorOf(service === undefined ? [] : [service, ...destinations], options),
        drainsOnly: true,
        owner: options.owner ?? null,
        by: await speakerOf(environment),
      },
      options,
      environment,
    ),
});
