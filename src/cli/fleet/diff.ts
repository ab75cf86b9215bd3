import { IpvstateError } from '../../errors.ts';
import { printable } from '../../model/printable.ts';
import { EXIT } from '../../render/exit.ts';
import { NODE_DIFF_FORMATS } from '../../render/node-plans.ts';
import { documentsOf, readInForce } from '../../sources/etcd/generation.ts';
import { readFleet } from '../../sources/etcd/nodes.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import { type FleetCall, nodeNamed } from './fleet-call.ts';
import { plansOfNodes } from './node-plans.ts';

/** Shows what the current generation changes on one director. */
export async function diff(call: FleetCall): Promise<number> {
  const { client, prefix, subject, options, environment } = call;
  if (subject === undefined) throw wrongUsage('`fleet diff` needs the name of a director');
  const { nodes, overrides } = await readFleet(client, prefix);
  const node = nodeNamed(subject, nodes, prefix);
  const found = await readInForce(client, prefix);
  const documents = documentsOf(prefix, found, undefined);
  const [plan] = await plansOfNodes(client, prefix, { nodes: [node], overrides, documents });
  if (!plan) throw new Error('a director has no plan');
  const { changes, why } = plan;
  if (!changes) {
    throw new IpvstateError('NO_INPUT', printable(`there is no plan for ${subject}: ${why}`), {
      hint: '`ipvstate fleet status ADDRESS` shows the state of each director.',
    });
  }
  const view = { prefix, current: found.generation, plan };
  const { output } = environment;
  output.print(NODE_DIFF_FORMATS[options.output](view, output.layout('stdout').width));
  return changes.length === 0 ? EXIT.ok : EXIT.changes;
}
