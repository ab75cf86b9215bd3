import { IpvstateError } from '../../errors.ts';
import { type FleetNode, hasGeneration } from '../../fleet/nodes.ts';
import type { RolloutState } from '../../fleet/rollout.ts';
import { isNodeName } from '../../model/node.ts';
import { printable } from '../../model/printable.ts';
import { EXIT } from '../../render/exit.ts';
import { FLEET_FORMATS } from '../../render/fleet.ts';
import { GENERATION_FORMATS } from '../../render/generations.ts';
import { ETCD_ADDRESS_FORM, parseEtcdAddress } from '../../sources/etcd/address.ts';
import { type EtcdClient, openEtcd } from '../../sources/etcd/client.ts';
import { pushCommand, readManifest } from '../../sources/etcd/generation.ts';
import type { Manifest } from '../../sources/etcd/layout.ts';
import { type Fleet, forgetNode, readFleet } from '../../sources/etcd/nodes.ts';
import { pushAgain } from '../../sources/etcd/push.ts';
import { forgetInRollout, markRollout, readFleetSnapshot } from '../../sources/etcd/rollouts.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { reasonOption } from '../declare/option-groups.ts';
import {
  choiceArgument,
  optionalArgument,
  outputFormat,
  parsed,
  parseTime,
  requiredArgument,
  type ValuesOf,
} from '../declare/options.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import type { Environment } from '../environment.ts';
import { authorOf } from '../push-author.ts';
import { parseGeneration } from './push.ts';

/** Between two looks at the fleet while `--wait` waits. */
const LOOK_MILLISECONDS = 1000;

const DEFAULT_TIMEOUT_SECONDS = 300;

const OPTIONS = {
  wait: parsed(
    '--wait <generation>',
    'wait until every director has this generation, or a later one, and is healthy',
    parseGeneration,
  ),
  directors: parsed(
    '--directors <n>',
    'with --wait: wait until at least so many directors are known, too',
    parseGeneration,
  ),
  timeout: parsed(
    '--timeout <time>',
    'with --wait: wait no longer than this (default: 5m)',
    parseTime,
  ),
  reason: reasonOption('say why, for `fleet status` and `generations`'),
  output: outputFormat(FLEET_FORMATS, 'text'),
};

const ACTIONS = { status, halt, resume, rollback, forget };

/** The command line of an action. */
interface Call {
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly subject: string | undefined;
  readonly options: ValuesOf<typeof OPTIONS>;
  readonly environment: Environment;
}

export const fleetVerb = defineVerb({
  name: 'fleet',
  job: 'operate',
  summary: 'state of all directors',
  description:
    'show the directors that follow a configuration in etcd: what each has applied, and its ' +
    'health; halt and resume a rollout, or roll it back everywhere',
  arguments: {
    action: choiceArgument('action', 'what to do', ACTIONS),
    address: requiredArgument('address', ETCD_ADDRESS_FORM),
    subject: optionalArgument('node', 'for forget: the director that is no more'),
  },
  options: OPTIONS,
  exits: {
    ...FILE_EXITS,
    ok: 'printed or done; with --wait: every director has the generation',
    partial: 'with --wait: the rollout is halted',
    'not-confirmed': 'with --wait: the time is up',
    refused: 'a rollback where files of an earlier generation are in force',
    stale: 'another operator was quicker; nothing was changed',
  },
  examples: [
    'ipvstate fleet status etcd://etcd1:2379/ipvstate/prod',
    'ipvstate fleet status etcd://etcd1:2379/ipvstate/prod -o json | jq .nodes',
  ],
  notes: [
    'A director is in the fleet once it has reported, or when the files have a folder',
    'nodes/NAME. --wait knows of no others: --directors says how many there are.',
    'Access to etcd is as for push: see `ipvstate help directors`.',
  ],
  run: async (options, environment, { action, address, subject }) => {
    const parsed = parseEtcdAddress(address);
    const client = openEtcd(parsed, environment.env);
    return ACTIONS[action]({ client, prefix: parsed.prefix, subject, options, environment });
  },
});

async function status(call: Call): Promise<number> {
  const { options, client, prefix, subject } = call;
  if (subject !== undefined) throw wrongUsage('`fleet status` takes no node');
  const { wait: wanted, directors: expected = 1 } = options;
  if (options.directors !== undefined && wanted === undefined)
    throw wrongUsage('`fleet status` takes --directors only with --wait');
  if (options.timeout !== undefined && wanted === undefined)
    throw wrongUsage('`fleet status` takes --timeout only with --wait');
  refuseReason(call, 'status');
  const isThere = ({ nodes }: Fleet): boolean =>
    wanted === undefined ||
    (nodes.length >= expected && nodes.every((node) => hasGeneration(node, wanted)));
  const fleet = await (wanted === undefined ? readFleet(client, prefix) : waitFor(isThere, call));
  show(fleet, call);
  if (isThere(fleet)) return EXIT.ok;
  return isHalted(fleet) ? EXIT.partial : EXIT['not-confirmed'];
}

function isHalted({ rollout }: Fleet): boolean {
  return rollout?.halt !== undefined;
}

/** Reads the fleet until it is as wanted, or the time is up. Returns the last read. */
async function waitFor(
  isThere: (fleet: Fleet) => boolean,
  { client, prefix, options, environment }: Call,
): Promise<Fleet> {
  const { clock } = await environment.state();
  const end = clock.monotonicSeconds() + (options.timeout ?? DEFAULT_TIMEOUT_SECONDS);
  for (;;) {
    const read = await readFleet(client, prefix).catch((error: unknown) => {
      // A member that is away for a while is no reason to give up.
      if (!(error instanceof IpvstateError) || error.code !== 'NO_INPUT') throw error;
      return error;
    });
    const isOver = clock.monotonicSeconds() >= end;
    if (!(read instanceof IpvstateError) && (isOver || isThere(read) || isHalted(read)))
      return read;
    if (read instanceof IpvstateError && isOver) throw read;
    await clock.sleep(LOOK_MILLISECONDS);
  }
}

function halt(call: Call): Promise<number> {
  return mark(call, 'halt');
}

function resume(call: Call): Promise<number> {
  return mark(call, 'resume');
}

async function mark(call: Call, action: 'halt' | 'resume'): Promise<number> {
  const { client, prefix, options } = call;
  refuseOthers(call, action);
  const { author, created } = authorOf(await call.environment.state());
  const { reason = '' } = options;
  const about = { halted: action === 'halt', by: author, reason, at: created };
  const { before, isChanged } = await markRollout(client, prefix, about);
  const name = `ipvstate: the rollout of generation ${before.rollout.generation}`;
  const done = isChanged ? describeMark(action, before) : `was halted already, ${before.halt}`;
  call.environment.output.note(`${printable(`${name} ${done}`)}\n`);
  return print(call);
}

function describeMark(action: 'halt' | 'resume', before: RolloutState): string {
  if (action === 'resume') return 'goes on; failures from before do not count';
  if (!before.isDone) return 'is halted: directors that have it keep it';
  return 'is halted, but it was done: all directors have it, and nothing is withheld';
}

/** Pushes the last generation that every director was allowed to have, to all of them at once. */
async function rollback(call: Call): Promise<number> {
  const { client, prefix, options, environment } = call;
  refuseOthers(call, 'rollback');
  const { current, rollout } = await readFleetSnapshot(client, prefix);
  const { manifest } = await readManifest(client, prefix, current.generation);
  if (manifest.copy_of !== null) throw wentBack(manifest, manifest.copy_of, prefix);
  const earlier = rollout ? rollout.rollout.base?.generation : manifest.parent;
  if (earlier === undefined || earlier === null)
    throw new IpvstateError('NO_INPUT', `no generation was in force before ${current.generation}`);
  const message = options.reason ?? `rollback of generation ${current.generation}`;
  const about = { ...authorOf(await environment.state()), message };
  const pushed = await pushAgain(client, prefix, current, earlier, about);
  const view = { prefix, current: pushed.current, generations: [pushed.manifest] };
  environment.output.note(GENERATION_FORMATS.text(view));
  return print(call);
}

/**
 * The error of a rollback after a rollback. The generation before is the one that was left: a
 * second try, or a second operator, would put it in force again.
 */
function wentBack({ generation, parent }: Manifest, copied: number, prefix: string): IpvstateError {
  const left = parent === null ? '' : ` in place of those of ${parent}`;
  return new IpvstateError(
    'REFUSED',
    `generation ${generation} is in force, with the files of ${copied}${left}: nothing is rolled back`,
    { hint: `To put another one in force: ${pushCommand(prefix, '--generation N')}.` },
  );
}

async function print(call: Call): Promise<number> {
  show(await readFleet(call.client, call.prefix), call);
  return EXIT.ok;
}

function show(fleet: Fleet, { options, environment: { output } }: Call): void {
  output.print(FLEET_FORMATS[options.output](fleet, output.layout('stdout').width));
}

/** Throws `USAGE` for a node and options that only other actions take. */
function refuseOthers(call: Call, action: string): void {
  if (call.subject !== undefined) throw wrongUsage(`\`fleet ${action}\` takes no node`);
  refuseWaiting(call, action);
}

function refuseWaiting({ options: { wait, directors, timeout } }: Call, action: string): void {
  if (wait !== undefined) throw wrongUsage(`\`fleet ${action}\` takes no --wait`);
  if (directors !== undefined) throw wrongUsage(`\`fleet ${action}\` takes no --directors`);
  if (timeout !== undefined) throw wrongUsage(`\`fleet ${action}\` takes no --timeout`);
}

/** Throws `USAGE` for a reason that nothing would show. */
function refuseReason({ options: { reason } }: Call, action: string): void {
  if (reason !== undefined) throw wrongUsage(`\`fleet ${action}\` takes no --reason`);
}

async function forget(call: Call): Promise<number> {
  const { client, prefix, subject } = call;
  refuseWaiting(call, 'forget');
  refuseReason(call, 'forget');
  if (subject === undefined || !isNodeName(subject))
    throw wrongUsage('`fleet forget` needs the name of a director');
  const before = await readFleet(client, prefix);
  const node = before.nodes.find(({ name }) => name === subject);
  if (!node) {
    throw new IpvstateError('NO_INPUT', `no director ${subject} is known in etcd:${prefix}`, {
      hint: '`ipvstate fleet status ADDRESS` lists the directors.',
    });
  }
  if (node.isReporting) {
    throw new IpvstateError('USAGE', `${subject} reports: its daemon runs`, {
      hint: 'Stop the daemon, or start it with another --node.',
    });
  }
  const { author: by, created: at } = authorOf(await call.environment.state());
  const wasCounted = await forgetInRollout(client, prefix, subject, { by, at });
  const isDeleted = await forgetNode(client, prefix, subject);
  const after = await readFleet(client, prefix);
  const kept = after.nodes.find(({ name }) => name === subject);
  const keeper =
    kept && isOnlyNamed(kept)
      ? `the files of generation ${after.current} have a folder nodes/${subject}`
      : undefined;
  if (keeper !== undefined && !wasCounted && !isDeleted) {
    throw new IpvstateError('NO_INPUT', `nothing of ${subject} is to be forgotten: ${keeper}`, {
      hint: 'Push the files without this folder.',
    });
  }
  if (keeper !== undefined)
    call.environment.output.note(`ipvstate: ${subject} stays in the list: ${keeper}\n`);
  show(after, call);
  return EXIT.ok;
}

/** Tells whether nothing but a folder of the files makes a node a member of the fleet. */
function isOnlyNamed({ isReporting, report, problem }: FleetNode): boolean {
  return !isReporting && !report && problem === undefined;
}
