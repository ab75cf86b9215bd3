import { InvalidArgumentError } from 'commander';
import { IpvstateError, reportedError } from '../../errors.ts';
import { nodesOf } from '../../fleet/nodes.ts';
import { hasInvisible, printable } from '../../model/printable.ts';
import { countOf } from '../../render/count-of.ts';
import { EXIT } from '../../render/exit.ts';
import { GENERATION_FORMATS } from '../../render/generations.ts';
import type { NodePlan } from '../../render/node-plans.ts';
import { formatDifference, PUSH_PLAN_FORMATS, type PushPlanView } from '../../render/push-plan.ts';
import { sha256 } from '../../sources/digest.ts';
import { ETCD_ADDRESS_FORM, parseEtcdAddress } from '../../sources/etcd/address.ts';
import { type EtcdClient, openEtcd } from '../../sources/etcd/client.ts';
import { compareFiles, type FileDifference } from '../../sources/etcd/compare.ts';
import {
  BrokenGenerationError,
  type CurrentEntry,
  readCurrent,
  readFilesOf,
  readManifest,
  readManifestInForce,
  requireCurrent,
} from '../../sources/etcd/generation.ts';
import { MAX_MESSAGE_LENGTH, type Manifest } from '../../sources/etcd/layout.ts';
import { readFleet } from '../../sources/etcd/nodes.ts';
import {
  type NewGeneration,
  nextGeneration,
  type Pushed,
  pushAgain,
  pushGeneration,
} from '../../sources/etcd/push.ts';
import { removeOldGenerations } from '../../sources/etcd/remove-old.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { FILE_OPTIONS } from '../declare/option-groups.ts';
import {
  flag,
  outputFormat,
  parsed,
  parseGeneration,
  text,
  type ValuesOf,
} from '../declare/options.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import type { Environment } from '../environment.ts';
import { plansOfNodes } from '../fleet/node-plans.ts';
import type { Output } from '../output.ts';
import { authorOf } from '../push-author.ts';
import { type FilesToPush, readFilesOfEarlier, readFilesToPush } from '../push-files.ts';
import { describeStart, planRollout, ROLLOUT_OPTIONS, wavesOf } from '../push-rollout.ts';

const OPTIONS = {
  file: FILE_OPTIONS.file,
  to: text('--to <address>', ETCD_ADDRESS_FORM),
  message: parsed('-m, --message <text>', 'say why, for `ipvstate generations`', parseMessage),
  generation: parsed(
    '--generation <n>',
    'go back: push the files of this earlier generation again, in place of -f',
    parseGeneration,
  ),
  after: parsed(
    '--after <n>',
    'push only while this generation is in force: else exit 4',
    parseGeneration,
  ),
  keep: parsed(
    '--keep <n>',
    'then remove older generations than the last n; those that directors need stay',
    parseGeneration,
  ),
  ...ROLLOUT_OPTIONS,
  dryRun: flag('--dry-run', 'check the files, say which ones differ, and push nothing'),
  output: outputFormat(GENERATION_FORMATS, 'text'),
};

export const pushVerb = defineVerb({
  name: 'push',
  job: 'change',
  summary: 'hand files to directors',
  description:
    'check files for every node, and make them the new generation of a configuration in etcd, ' +
    'which directors follow with `-f etcd://...`',
  options: OPTIONS,
  exits: {
    ...FILE_EXITS,
    ok: 'pushed, or the files are in force already',
    stale: 'another generation was pushed meanwhile; nothing was changed',
  },
  examples: [
    "ipvstate push -f conf.d --to etcd://etcd1:2379/ipvstate/prod -m 'more servers'",
    'ipvstate push --generation 1 --to etcd://etcd1:2379/ipvstate/prod',
  ],
  notes: [
    'A push is atomic: directors see all files or none. TLS, user and password come',
    'from the environment: see `ipvstate help directors`.',
  ],
  run: async (options, environment) => {
    if (options.to === undefined) throw wrongUsage('required option --to not specified');
    const address = parseEtcdAddress(options.to);
    const { prefix } = address;
    const client = openEtcd(address, environment.env);
    if (options.generation !== undefined && options.file.length > 0)
      throw wrongUsage('--generation is given in place of -f');
    if (options.dryRun && options.keep !== undefined)
      throw wrongUsage('--dry-run removes nothing: it takes no --keep');
    if (wavesOf(options).length > 0 && options.generation !== undefined)
      throw wrongUsage('--generation goes back everywhere at once: it takes no --wave');
    const about = { ...authorOf(await environment.state()), message: options.message ?? '' };
    const { files, nodes, documents } = await readFiles(client, prefix, options, environment);
    const current = await readCurrent(client, prefix);
    if (options.after !== undefined && options.after !== (current?.generation ?? 0)) {
      const found = current ? `generation ${current.generation}` : 'no generation';
      throw new IpvstateError(
        'STALE',
        `${found} is in force in etcd:${prefix}, and not ${options.after}; nothing was changed`,
      );
    }
    const rollout = await planRollout(client, prefix, current, files, options);
    if (options.dryRun) {
      const isBack = options.generation !== undefined;
      const next = { files, rollout, isBack };
      const plan = await planPush(client, prefix, current, next, environment.output);
      const isPlanned = current !== undefined && plan.generation !== null;
      const plans = isPlanned ? await planFleet(client, prefix, documents) : [];
      const view = { prefix, nodes, plans, isInWaves: rollout !== undefined, ...plan };
      const { width } = environment.output.layout('stdout');
      environment.output.print(PUSH_PLAN_FORMATS[options.output](view, width));
      return EXIT.ok;
    }
    const pushed = await (options.generation === undefined
      ? pushFiles(client, prefix, current, { ...about, files, rollout }, environment)
      : pushAgain(client, prefix, current, options.generation, about));
    const isNew = pushed.manifest.generation !== current?.generation;
    const isInWaves = (isNew ? rollout : current?.rollout) !== undefined;
    const view = { prefix, current: pushed.current, isInWaves, generations: [pushed.manifest] };
    environment.output.print(GENERATION_FORMATS[options.output](view));
    if (isNew && rollout)
      environment.output.note(describeStart(rollout, pushed.manifest.generation, options.to));
    if (options.keep !== undefined)
      await removeOld(client, prefix, options.keep, environment.output);
    return EXIT.ok;
  },
});

/** Reads an earlier generation for a dry run only: a push reads it itself. */
async function readFiles(
  client: EtcdClient,
  prefix: string,
  { file, generation, dryRun }: ValuesOf<typeof OPTIONS>,
  environment: Environment,
): Promise<FilesToPush> {
  if (generation === undefined) return readFilesToPush(file, environment);
  if (!dryRun) return { files: [], nodes: [], documents: [] };
  return readFilesOfEarlier(client, prefix, generation, environment);
}

type WithRollout = Pick<NewGeneration, 'files' | 'rollout'>;

/** Tells what a push would do. */
async function planPush(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  next: WithRollout & { readonly isBack: boolean },
  output: Output,
): Promise<Pick<PushPlanView, 'current' | 'generation' | 'differences'>> {
  const isNothing =
    !next.isBack && current && (await isPushed(client, prefix, current, next, output));
  const before = current && (await readManifestInForce(client, prefix, current).catch(onlyBroken));
  return {
    current: current?.generation ?? null,
    generation: isNothing ? null : await nextGeneration(client, prefix, current),
    differences: await differences(before ?? { files: [] }, next),
  };
}

/** Makes the plans of all directors that are known, or that the files name. */
async function planFleet(
  client: EtcdClient,
  prefix: string,
  documents: FilesToPush['documents'],
): Promise<readonly NodePlan[]> {
  const { nodes, overrides } = await readFleet(client, prefix);
  const known = new Set(nodes.map(({ name }) => name));
  const named = [...new Set(documents.flatMap(({ node }) => node ?? []))];
  const others = nodesOf(
    prefix,
    [],
    named.filter((name) => !known.has(name)),
  );
  return plansOfNodes(client, prefix, { nodes: [...nodes, ...others], overrides, documents });
}

/** A broken generation has no file that a director can read. */
function onlyBroken(error: unknown): undefined {
  if (!(error instanceof BrokenGenerationError)) throw error;
}

/** Never throws: the push is done. */
async function removeOld(
  client: EtcdClient,
  prefix: string,
  keep: number,
  output: Output,
): Promise<void> {
  try {
    const removed = await removeOldGenerations(client, prefix, keep);
    if (removed.length > 0)
      output.note(`ipvstate: ${countOf(removed.length, 'older generation')} removed from etcd\n`);
  } catch (error) {
    const { message } = reportedError(error);
    output.warn(`ipvstate: older generations are not removed: ${printable(message)}\n`);
  }
}

async function pushFiles(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry | undefined,
  next: NewGeneration,
  { output }: Environment,
): Promise<Pushed> {
  if (current && (await isPushed(client, prefix, current, next, output))) {
    const manifest = await readManifestInForce(client, prefix, current);
    const rollout = next.rollout ? ', and no rollout begins' : '';
    output.note(
      `ipvstate: generation ${current.generation} has these files: nothing is pushed${rollout}\n`,
    );
    return { manifest, current: current.generation };
  }
  try {
    return await pushGeneration(client, prefix, current, next);
  } catch (error) {
    if (!(error instanceof IpvstateError) || error.code !== 'STALE') throw error;
    for (const each of await differencesOfTheirs(client, prefix, next).catch(() => []))
      output.note(`  ${printable(formatDifference(each))}\n`);
    throw error;
  }
}

/**
 * Tells whether a generation has the files to push, and directors can read it whole. A push mends
 * one that they cannot.
 */
async function isPushed(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry,
  next: WithRollout,
  output: Output,
): Promise<boolean> {
  // Without waves, files that are being rolled out are pushed again: to all at once.
  if (next.rollout === undefined && current.rollout !== undefined) return false;
  try {
    const manifest = await readManifestInForce(client, prefix, current);
    if ((await differences(manifest, next)).length > 0) return false;
    await readFilesOf(client, prefix, manifest);
    return true;
  } catch (error) {
    if (!(error instanceof BrokenGenerationError)) throw error;
    output.note(`ipvstate: ${printable(error.message)}: a push writes the files again\n`);
    return false;
  }
}

async function differencesOfTheirs(
  client: EtcdClient,
  prefix: string,
  next: NewGeneration,
): Promise<readonly FileDifference[]> {
  const { generation } = await requireCurrent(client, prefix);
  return differences((await readManifest(client, prefix, generation)).manifest, next);
}

/** The files to push that are others than those of a generation. */
async function differences({ files }: Pick<Manifest, 'files'>, next: Pick<NewGeneration, 'files'>) {
  const wanted: { name: string; sha256: string }[] = [];
  for (const { name, bytes } of next.files) wanted.push({ name, sha256: await sha256(bytes) });
  return compareFiles(files, wanted);
}

function parseMessage(text: string): string {
  if (text.length > MAX_MESSAGE_LENGTH || hasInvisible(text))
    throw new InvalidArgumentError(
      `Expected one line of at most ${MAX_MESSAGE_LENGTH} characters.`,
    );
  return text;
}
