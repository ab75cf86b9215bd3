import { throwAsPermission } from '../../errors.ts';
import { openOverrideStore } from '../../recovery/records/overrides.ts';
import { EXIT } from '../../render/exit.ts';
import { formatJson } from '../../render/json.ts';
import { formatOverrideList, overridesJson } from '../../render/override-report.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { OVERRIDE_EXITS } from '../declare/exit-groups.ts';
import { optionalArgument, repeatedArgument, type ValuesOf } from '../declare/options.ts';
import { OVERRIDE_OPTIONS, selectorOf } from '../declare/override-options.ts';
import type { Environment } from '../environment.ts';
import { override, speakerOf } from '../run-override.ts';

const CLEAR = optionalArgument('clear', 'end overrides, in place of listing them');
CLEAR.argument.choices(['clear']);

export const overridesVerb = defineVerb({
  name: 'overrides',
  job: 'operate',
  summary: 'list or end overrides',
  description: 'list all overrides with who, when, why and until; `clear` ends them',
  arguments: {
    clear: CLEAR,
    service: optionalArgument('service', 'end only those of this service'),
    destinations: repeatedArgument('destination', 'end only those of these addresses'),
  },
  options: OVERRIDE_OPTIONS,
  exits: { ...OVERRIDE_EXITS, ok: 'listed; or ended, and verified' },
  examples: ['ipvstate overrides', 'ipvstate overrides clear shop'],
  notes: ['Without --owner, `clear` ends the overrides of operators.'],
  run: async (options, environment, { clear, service, destinations }) => {
    if (clear === undefined) return list(options, environment);
    const words = [...(service === undefined ? [] : [service]), ...destinations];
    const isAll = words.length === 0 && !options.allServices;
    return override(
      'overrides',
      {
        kind: 'end',
        selector: isAll ? { service: null, destinations: [] } : selectorOf(words, options),
        drainsOnly: false,
        owner: options.owner ?? null,
        by: await speakerOf(environment),
      },
      options,
      environment,
    );
  },
});

async function list(
  { output: format, owner }: ValuesOf<typeof OVERRIDE_OPTIONS>,
  { output, state }: Environment,
): Promise<number> {
  let isDamaged = false;
  const warn = (message: string): void => {
    isDamaged = true;
    output.warn(`ipvstate: ${message}\n`);
  };
  const store = openOverrideStore(await state(), warn, 'read');
  const record = await store.read().catch(throwAsPermission);
  const overrides = record.overrides.filter((each) => owner === undefined || each.owner === owner);
  const clock = { ...record, overrides, now: store.now(), date: store.date() };
  if (format === 'json') output.print(formatJson(overridesJson(clock)));
  else output.print(isDamaged ? 'No overrides can be read.\n' : formatOverrideList(clock));
  return EXIT.ok;
}
