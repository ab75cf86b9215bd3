import { EXIT } from '../../render/exit.ts';
import { formatJson } from '../../render/json.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { choiceArgument } from '../declare/options.ts';

/** JSON Schemas of the configuration, of what `-o json` prints, and of the journal's lines. */
const SCHEMAS = {
  config: () => import('../../../schemas/config.schema.json', { with: { type: 'json' } }),
  plan: () => import('../../../schemas/plan.schema.json', { with: { type: 'json' } }),
  report: () => import('../../../schemas/report.schema.json', { with: { type: 'json' } }),
  validation: () => import('../../../schemas/validation.schema.json', { with: { type: 'json' } }),
  status: () => import('../../../schemas/status.schema.json', { with: { type: 'json' } }),
  doctor: () => import('../../../schemas/doctor.schema.json', { with: { type: 'json' } }),
  explanation: () => import('../../../schemas/explanation.schema.json', { with: { type: 'json' } }),
  overrides: () => import('../../../schemas/overrides.schema.json', { with: { type: 'json' } }),
  error: () => import('../../../schemas/error.schema.json', { with: { type: 'json' } }),
  top: () => import('../../../schemas/top.schema.json', { with: { type: 'json' } }),
  health: () => import('../../../schemas/health.schema.json', { with: { type: 'json' } }),
  generations: () => import('../../../schemas/generations.schema.json', { with: { type: 'json' } }),
  'push-plan': () => import('../../../schemas/push-plan.schema.json', { with: { type: 'json' } }),
  'fleet-diff': () => import('../../../schemas/fleet-diff.schema.json', { with: { type: 'json' } }),
  fleet: () => import('../../../schemas/fleet.schema.json', { with: { type: 'json' } }),
  history: () => import('../../../schemas/history.schema.json', { with: { type: 'json' } }),
  journal: () => import('../../../schemas/journal.schema.json', { with: { type: 'json' } }),
  'api-status': () => import('../../../schemas/api-status.schema.json', { with: { type: 'json' } }),
  'api-services': () =>
    import('../../../schemas/api-services.schema.json', { with: { type: 'json' } }),
  'api-fleet': () => import('../../../schemas/api-fleet.schema.json', { with: { type: 'json' } }),
};

export const schemaVerb = defineVerb({
  name: 'schema',
  job: 'files',
  summary: 'print a JSON Schema',
  description: 'print a JSON Schema: of the configuration, or of the JSON that a verb prints',
  arguments: { name: choiceArgument('name', 'which one', SCHEMAS, 'config') },
  options: {},
  exits: { ok: 'printed' },
  examples: ['ipvstate schema > config.schema.json', 'ipvstate schema error'],
  run: async (_, { output }, { name }) => {
    output.print(formatJson((await SCHEMAS[name]()).default));
    return EXIT.ok;
  },
});
