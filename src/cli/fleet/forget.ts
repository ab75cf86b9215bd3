import { IpvstateError } from '../../errors.ts';
import type { FleetNode } from '../../fleet/nodes.ts';
import { isNodeName } from '../../model/node.ts';
import { EXIT } from '../../render/exit.ts';
import { forgetNode, readFleet } from '../../sources/etcd/nodes.ts';
import { forgetInRollout } from '../../sources/etcd/rollouts.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import { authorOf } from '../push-author.ts';
import { type FleetCall, nodeNamed, show } from './fleet-call.ts';

/** Deletes what a director that is no more has said. */
export async function forget(call: FleetCall): Promise<number> {
  const { client, prefix, subject } = call;
  if (subject === undefined || !isNodeName(subject))
    throw wrongUsage('`fleet forget` needs the name of a director');
  const before = await readFleet(client, prefix);
  const node = nodeNamed(subject, before.nodes, prefix);
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
