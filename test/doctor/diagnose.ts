import { Ajv } from 'ajv';
import { expect } from 'vitest';
import doctorSchema from '../../schemas/doctor.schema.json' with { type: 'json' };
import validationSchema from '../../schemas/validation.schema.json' with { type: 'json' };
import type { NamedFinding } from '../../src/doctor/examine.ts';
import type { Level } from '../../src/doctor/finding.ts';
import type { State } from '../../src/recovery/state.ts';
import { workspace } from '../cli/workspace.ts';
import { temporaryState } from '../support/temporary-state.ts';
import { machineOf, type NetworkOptions, type SpecialEntry, type Tree } from './machine.ts';

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(validationSchema);
const isDocument = ajv.compile(doctorSchema);

/** A finding of the JSON document. */
export interface ShownFinding extends Pick<NamedFinding, 'check' | 'level' | 'seen'> {
  readonly why: string | null;
  readonly commands: readonly string[];
  readonly advice: string | null;
}

export interface Diagnosed {
  readonly status: number;
  readonly stderr: string;
  readonly findings: readonly ShownFinding[];
  readonly summary: Readonly<Record<Level, number>>;
}

export interface DiagnoseOptions extends NetworkOptions {
  /** The text of a configuration. Without it, `doctor` makes its general checks. */
  readonly config?: string;
  /** Special properties of the file of the configuration. */
  readonly configFile?: SpecialEntry;
  readonly loadAddon?: () => Promise<unknown>;
  readonly uid?: number;
  readonly nodeVersion?: string;
  readonly now?: () => Date;
  readonly state?: State;
}

/** Runs `ipvstate doctor -o json` on a machine. */
export async function diagnose(
  changes: Tree = {},
  options: DiagnoseOptions = {},
): Promise<Diagnosed> {
  const { config, configFile, state = temporaryState() } = options;
  const { run, path } = workspace(config === undefined ? {} : { 'ipvs.yaml': config });
  const file = config === undefined ? {} : { [path('ipvs.yaml')]: { text: config, ...configFile } };
  const machine = machineOf({ ...file, ...changes }, options);
  const line = config === undefined ? 'doctor -o json' : 'doctor -o json -f ./ipvs.yaml';
  const { status, stdout, stderr } = await run(line, { machine, state });
  const document = JSON.parse(stdout);
  isDocument(document);
  expect(isDocument.errors ?? []).toEqual([]);
  expect(document.exit_code).toBe(status);
  return { ...document, status, stderr };
}

/** The findings that are not well. */
export function troubles({ findings }: Diagnosed): ShownFinding[] {
  return findings.filter(({ level }) => level !== 'ok');
}

/** The findings of one check. */
export function of(check: string, { findings }: Diagnosed): ShownFinding[] {
  return findings.filter((finding) => finding.check === check);
}
