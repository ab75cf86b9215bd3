import { basename, join, relative } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { IpvstateError, reportedError } from '../../errors.ts';
import { hasErrors } from '../../model/issue.ts';
import { hasInvisible, printable } from '../../model/printable.ts';
import { countOf } from '../../render/count-of.ts';
import { EXIT } from '../../render/exit.ts';
import { GENERATION_FORMATS } from '../../render/generations.ts';
import { sha256 } from '../../sources/digest.ts';
import { ETCD_ADDRESS_FORM, parseEtcdAddress } from '../../sources/etcd/address.ts';
import { type EtcdClient, openEtcd } from '../../sources/etcd/client.ts';
import {
  BrokenGenerationError,
  type CurrentEntry,
  readCurrent,
  readFilesOf,
  readManifest,
  readManifestInForce,
  requireCurrent,
} from '../../sources/etcd/generation.ts';
import {
  isFileName,
  MAX_MESSAGE_LENGTH,
  type Manifest,
  nodeOf,
} from '../../sources/etcd/layout.ts';
import {
  type NewGeneration,
  type Pushed,
  pushAgain,
  pushGeneration,
} from '../../sources/etcd/push.ts';
import { removeOldGenerations } from '../../sources/etcd/remove-old.ts';
import { findPaths } from '../../sources/files/paths.ts';
import { readDocuments } from '../../sources/load.ts';
import { loadForNodes } from '../../sources/load-nodes.ts';
import type { Document } from '../../sources/source.ts';
import { isFilePath, openSources } from '../../sources/sources.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { FILE_OPTIONS } from '../declare/option-groups.ts';
import { outputFormat, parsed, text, type ValuesOf } from '../declare/options.ts';
import type { Environment } from '../environment.ts';
import { requireValid } from '../load-valid.ts';
import type { Output } from '../output.ts';
import { authorOf } from '../push-author.ts';
import { planRollout, ROLLOUT_OPTIONS, wavesOf } from '../push-rollout.ts';

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
    if (wavesOf(options).length > 0 && options.generation !== undefined)
      throw wrongUsage('--generation goes back everywhere at once: it takes no --wave');
    const about = { ...authorOf(await environment.state()), message: options.message ?? '' };
    const files = options.generation === undefined ? await readFiles(options, environment) : [];
    const current = await readCurrent(client, prefix);
    if (options.after !== undefined && options.after !== (current?.generation ?? 0)) {
      const found = current ? `generation ${current.generation}` : 'no generation';
      throw new IpvstateError(
        'STALE',
        `${found} is in force in etcd:${prefix}, and not ${options.after}; nothing was changed`,
      );
    }
    const rollout = await planRollout(client, prefix, current, files, options);
    const pushed = await (options.generation === undefined
      ? pushFiles(client, prefix, current, { ...about, files, rollout }, environment)
      : pushAgain(client, prefix, current, options.generation, about));
    const view = { prefix, current: pushed.current, generations: [pushed.manifest] };
    environment.output.print(GENERATION_FORMATS[options.output](view));
    if (options.keep !== undefined)
      await removeOld(client, prefix, options.keep, environment.output);
    return EXIT.ok;
  },
});

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
  // Without waves, files that are being rolled out are pushed again: to all at once.
  const isSameWay = next.rollout !== undefined || current?.rollout === undefined;
  if (current && isSameWay && (await areInForce(client, prefix, current, next, output))) {
    const manifest = await readManifestInForce(client, prefix, current);
    output.note(`ipvstate: generation ${current.generation} has these files: nothing is pushed\n`);
    return { manifest, current: current.generation };
  }
  try {
    return await pushGeneration(client, prefix, current, next);
  } catch (error) {
    if (!(error instanceof IpvstateError) || error.code !== 'STALE') throw error;
    for (const line of await differencesOfTheirs(client, prefix, next).catch(() => []))
      output.note(`  ${printable(line)}\n`);
    throw error;
  }
}

/**
 * Tells whether a generation has the files to push, and directors can read it whole. A push mends
 * one that they cannot.
 */
async function areInForce(
  client: EtcdClient,
  prefix: string,
  current: CurrentEntry,
  next: NewGeneration,
  output: Output,
): Promise<boolean> {
  try {
    const manifest = await readManifestInForce(client, prefix, current);
    if ((await differences(manifest, next)).length > 0) return false;
    await readFilesOf(client, prefix, manifest);
    return true;
  } catch (error) {
    if (!(error instanceof BrokenGenerationError)) throw error;
    output.note(`ipvstate: ${printable(error.message)}: the files are pushed again\n`);
    return false;
  }
}

async function differencesOfTheirs(
  client: EtcdClient,
  prefix: string,
  next: NewGeneration,
): Promise<readonly string[]> {
  const { generation } = await requireCurrent(client, prefix);
  return differences((await readManifest(client, prefix, generation)).manifest, next);
}

/** The files of a generation that are others than the files to push, in words. */
async function differences({ files }: Manifest, next: NewGeneration): Promise<string[]> {
  const theirs = new Map(files.map(({ name, sha256: digest }) => [name, digest]));
  const lines: string[] = [];
  for (const { name, bytes } of next.files) {
    const digest = theirs.get(name);
    theirs.delete(name);
    if (digest === undefined) lines.push(`${name} is only here`);
    else if (digest !== (await sha256(bytes))) lines.push(`${name} differs`);
  }
  return [...lines, ...Array.from(theirs.keys(), (name) => `${name} is only in etcd`)];
}

/** Reads the files, and checks them for every node. Throws `CONFIG` when one has an error. */
async function readFiles(
  { file }: ValuesOf<typeof OPTIONS>,
  environment: Environment,
): Promise<NewGeneration['files']> {
  if (!file.every(isFilePath)) throw wrongUsage('only files and folders are pushed');
  const documents = await readDocuments(openSources(file, environment.stdin));
  const { desired, ...loaded } = await loadForNodes(documents, {});
  const [first] = desired.values();
  requireValid({ ...loaded, desired: hasErrors(loaded.issues) ? undefined : first }, environment);
  const { paths } = await findPaths(file)();
  const files = documents
    .filter(({ isSkipped }) => !isSkipped)
    .map((document) => ({ name: nameInGeneration(document, paths), bytes: document.bytes }));
  const repeated = files.find(
    ({ name }, index) => files.findIndex((other) => other.name === name) < index,
  );
  if (repeated) throw wrongUsage(`two files are called ${repeated.name}`);
  return files;
}

/** The name of a file in its folder. Throws `USAGE` for a name that no folder would have read. */
function nameInGeneration({ name, node }: Document, paths: readonly string[]): string {
  const [path = name] = paths.filter((each) => !relative(each, name).startsWith('..'));
  const found = relative(path, name) || basename(name);
  if (!isFileName(found)) throw wrongUsage(`${name} is not called *.yaml, *.yml or *.json`);
  // Without the folders above it, the file would be for every node, and all else would be gone.
  if (node !== undefined && nodeOf(found) !== node)
    throw new IpvstateError('USAGE', `${name} is for ${node} only, and a push is for all nodes`, {
      hint: `Name the folder that has the folder \`nodes\` in it: -f ${join(name, '../../..')}.`,
    });
  return found;
}

function wrongUsage(message: string): IpvstateError {
  return new IpvstateError('USAGE', message, { hint: 'Run with --help for what there is.' });
}

function parseMessage(text: string): string {
  if (text.length > MAX_MESSAGE_LENGTH || hasInvisible(text))
    throw new InvalidArgumentError(
      `Expected one line of at most ${MAX_MESSAGE_LENGTH} characters.`,
    );
  return text;
}

/** Parses the number of a generation. */
export function parseGeneration(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Expected a number from 1 on.');
  return Number(text);
}
