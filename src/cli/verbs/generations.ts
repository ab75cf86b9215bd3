import { reportedError } from '../../errors.ts';
import type { RolloutState } from '../../fleet/rollout.ts';
import { printable } from '../../model/printable.ts';
import { EXIT } from '../../render/exit.ts';
import { GENERATION_FORMATS, rolloutOfGeneration } from '../../render/generations.ts';
import { ETCD_ADDRESS_FORM, generationName, parseEtcdAddress } from '../../sources/etcd/address.ts';
import { type EtcdClient, openEtcd } from '../../sources/etcd/client.ts';
import {
  listManifests,
  readManifestInForce,
  requireCurrent,
} from '../../sources/etcd/generation.ts';
import { readFleetSnapshot } from '../../sources/etcd/rollouts.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { outputFormat, requiredArgument } from '../declare/options.ts';
import type { Output } from '../output.ts';

export const generationsVerb = defineVerb({
  name: 'generations',
  job: 'look',
  summary: 'list what was pushed',
  description: 'list the generations of a configuration in etcd, and which one is in force',
  arguments: {
    address: requiredArgument('address', ETCD_ADDRESS_FORM),
  },
  options: { output: outputFormat(GENERATION_FORMATS, 'text') },
  exits: { ...FILE_EXITS, ok: 'listed' },
  examples: [
    'ipvstate generations etcd://etcd1:2379/ipvstate/prod',
    'ipvstate generations etcd://etcd1:2379/ipvstate/prod -o json',
  ],
  run: async ({ output: format }, { output, env }, { address }) => {
    const parsed = parseEtcdAddress(address);
    const client = openEtcd(parsed, env);
    const { prefix } = parsed;
    const current = await requireCurrent(client, prefix);
    await readManifestInForce(client, prefix, current);
    const { manifests, damaged } = await listManifests(client, prefix);
    for (const generation of damaged)
      output.note(
        `ipvstate: ${generationName(prefix, generation)} cannot be read, and is left out\n`,
      );
    const state = await readRollout(client, prefix, output);
    const rollout = state && rolloutOfGeneration(state);
    const view = { prefix, current: current.generation, generations: manifests, rollout };
    output.print(GENERATION_FORMATS[format](view));
    return EXIT.ok;
  },
});

/** Reads the rollout of the current generation. One that is damaged does not hide the others. */
async function readRollout(
  client: EtcdClient,
  prefix: string,
  output: Output,
): Promise<RolloutState | undefined> {
  try {
    return (await readFleetSnapshot(client, prefix)).rollout;
  } catch (error) {
    const { message } = reportedError(error);
    output.note(`ipvstate: nobody knows how far its rollout is: ${printable(message)}\n`);
    return undefined;
  }
}
