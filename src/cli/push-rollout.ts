import { InvalidArgumentError } from 'commander';
import { IpvstateError } from '../errors.ts';
import { nodesKey, nodesOf } from '../fleet/nodes.ts';
import { isForAll, type Rollout } from '../fleet/rollout.ts';
import { nodesOfWaves, parseWave, WAVE_FORM, type WaveText } from '../fleet/waves.ts';
import { printable } from '../model/printable.ts';
import { listOf } from '../render/rollout.ts';
import type { EtcdClient } from '../sources/etcd/client.ts';
import type { CurrentEntry } from '../sources/etcd/generation.ts';
import { nodeOf } from '../sources/etcd/layout.ts';
import { readFleetSnapshot } from '../sources/etcd/rollouts.ts';
import { parsed, parseTime, repeated, type ValuesOf } from './declare/options.ts';

/** Options of the verb that pushes, about the waves in which directors take a generation. */
export const ROLLOUT_OPTIONS = {
  wave: repeated(
    '--wave <nodes>',
    `the directors that take it next: ${WAVE_FORM} (repeatable; the others are a last wave)`,
  ),
  soak: parsed(
    '--soak <time>',
    'with --wave: the next wave waits until this one is in sync for so long (default: 1m)',
    parseTime,
  ),
  maxFailed: parsed(
    '--max-failed <n>',
    'with --wave: go on while at most so many directors fail or are away (default: 0)',
    parseCount,
  ),
};

type RolloutOptions = ValuesOf<typeof ROLLOUT_OPTIONS>;

const DEFAULT_SOAK_SECONDS = 60;

/** Parses the waves of the options. Throws `USAGE`. */
export function wavesOf({ wave, soak, maxFailed }: RolloutOptions): readonly WaveText[] {
  if (wave.length === 0 && (soak !== undefined || maxFailed !== undefined))
    throw new IpvstateError('USAGE', '--soak and --max-failed belong to --wave');
  return wave.map((text) => {
    const found = parseWave(text);
    if (!found) throw new IpvstateError('USAGE', `--wave takes ${WAVE_FORM}`);
    return found;
  });
}

/**
 * Plans the rollout of a generation after `current`, with the directors that are known now.
 * undefined: without waves, all take it at once. Directors that may not take it yet have the last
 * generation that everybody was allowed to have.
 */
export async function planRollout(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  files: readonly { readonly name: string }[],
  options: RolloutOptions,
): Promise<Omit<Rollout, 'generation'> | undefined> {
  const texts = wavesOf(options);
  if (texts.length === 0) return undefined;
  const named = files.flatMap(({ name }) => nodeOf(name) ?? []);
  const snapshot = current && (await readFleetSnapshot(client, prefix, { named }));
  const nodes = snapshot?.nodes ?? nodesOf(prefix, await client.list(nodesKey(prefix)), named);
  const names = nodes.map(({ name }) => name);
  const rollout = snapshot?.rollout;
  const inForce = current ? { generation: current.generation, sha256: current.sha256 } : null;
  return {
    base: rollout && !isForAll(rollout) ? rollout.rollout.base : inForce,
    waves: nodesOfWaves(texts, names),
    soak_seconds: options.soak ?? DEFAULT_SOAK_SECONDS,
    max_failed: options.maxFailed ?? 0,
  };
}

/** Tells which directors take a generation first, and how to see the others follow. */
export function describeStart(
  { waves }: Pick<Rollout, 'waves'>,
  generation: number,
  address: string,
): string {
  const first = waves.find((names) => names.length > 0);
  const who = first ? `${listOf(first)} first` : 'directors that report, as none is known';
  return (
    `ipvstate: the rollout of generation ${generation} begins: for ${who}\n` +
    `ipvstate: how far it is: ipvstate fleet status ${printable(address)}\n`
  );
}

function parseCount(text: string): number {
  if (!/^(?:0|[1-9]\d{0,5})$/.test(text)) throw new InvalidArgumentError('Expected a number.');
  return Number(text);
}
