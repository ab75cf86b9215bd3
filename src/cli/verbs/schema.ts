import { EXIT } from '../../render/exit.ts';
import type { Environment } from '../environment.ts';
import type { SchemaName } from './schema-names.ts';

const LOAD: Readonly<Record<SchemaName, () => Promise<{ readonly default: unknown }>>> = {
  config: () => import('../../../schemas/config.schema.json', { with: { type: 'json' } }),
  plan: () => import('../../../schemas/plan.schema.json', { with: { type: 'json' } }),
  report: () => import('../../../schemas/report.schema.json', { with: { type: 'json' } }),
  journal: () => import('../../../schemas/journal.schema.json', { with: { type: 'json' } }),
};

/** Prints a JSON Schema: of the configuration, of what `-o json` prints, or of the journal's lines. */
export async function schema(name: SchemaName, environment: Environment): Promise<number> {
  const { default: document } = await LOAD[name]();
  environment.output.print(`${JSON.stringify(document, undefined, 2)}\n`);
  return EXIT.ok;
}
