import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect, onTestFinished } from 'vitest';
import type { NodeReport } from '../../src/fleet/node-report.ts';
import type { ToldProgress } from '../../src/fleet/rollout.ts';
import { systemState } from '../../src/recovery/state.ts';
import { encodedProgress, encodedReport } from '../fleet/node-reports.ts';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { SHOP, workspace } from './workspace.ts';

const readSchema = (name: string) =>
  JSON.parse(readFileSync(`schemas/${name}.schema.json`, 'utf8'));
const isDocument = new Ajv({
  ...{ strict: false, validateFormats: false, schemas: [readSchema('validation')] },
}).compile(readSchema('fleet'));

/** A fleet whose generation 1 has files for lb1 and lb2. */
export async function fleet() {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const times = 'version: 1\nservices: []\ntimeouts: { tcp: 10m }\n';
  const space = workspace({
    'conf.d/shop.yaml': SHOP,
    'conf.d/nodes/lb1/times.yaml': times,
    'conf.d/nodes/lb2/times.yaml': times,
  });
  const address = `etcd://${etcd.host}/prod`;
  await space.run(`push -f ./conf.d --to ${address}`);
  const report = (name: string, members: Partial<NodeReport>, isReporting = true): void => {
    etcd.put(`/prod/reports/${name}`, encodedReport(members).toString());
    if (isReporting) etcd.put(`/prod/nodes/${name}/life`, '');
  };
  const tell = (name: string, stage: ToldProgress['stage'], members = {}): void =>
    etcd.put(`/prod/nodes/${name}/progress`, encodedProgress({ stage, ...members }).toString());
  const document = async () => {
    const { stdout } = await space.run(`fleet status ${address} -o json`);
    const parsed = JSON.parse(stdout);
    expect(isDocument(parsed), JSON.stringify(isDocument.errors)).toBe(true);
    return parsed;
  };
  return { ...space, etcd, address, report, tell, document };
}

/**
 * A state on a clock that moves only by sleeps, each of which takes a second. `onSleep` is told the
 * seconds so far.
 */
export function countingState(folder: string, onSleep: (seconds: number) => void) {
  const state = systemState({ IPVSTATE_RUNTIME_DIR: folder, IPVSTATE_STATE_DIR: folder });
  let seconds = 0;
  const clock = {
    ...state.clock,
    monotonicSeconds: () => seconds,
    sleep: async () => onSleep(++seconds),
  };
  return { state: { ...state, clock }, seconds: () => seconds };
}

/** A fleet of three directors, to which generation 2 is pushed in waves. */
export async function rollingOut(options: string) {
  const space = await fleet();
  for (const name of ['lb1', 'lb2', 'lb3']) space.report(name, {});
  space.write('conf.d/shop.yaml', SHOP.replace('10.1.0.12', '10.1.0.99'));
  const pushed = await space.run(`push -f ./conf.d --to ${space.address} ${options}`.trim());
  return { ...space, pushed };
}
