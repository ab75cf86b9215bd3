import { hasGeneration } from '../../fleet/nodes.ts';
import { EXIT } from '../../render/exit.ts';
import { ETCD_ADDRESS_FORM, parseEtcdAddress } from '../../sources/etcd/address.ts';
import { openEtcd } from '../../sources/etcd/client.ts';
import { type Fleet, readFleet } from '../../sources/etcd/nodes.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { FILE_EXITS } from '../declare/exit-groups.ts';
import { choiceArgument, optionalArgument, requiredArgument } from '../declare/options.ts';
import { wrongUsage } from '../declare/wrong-usage.ts';
import { diff } from '../fleet/diff.ts';
import { drain, undrain } from '../fleet/drain-actions.ts';
import {
  FLEET_OPTIONS,
  type FleetCall,
  refuseOthers,
  show,
  type TakenWord,
  waitFor,
} from '../fleet/fleet-call.ts';
import { forget } from '../fleet/forget.ts';
import { halt, resume, rollback } from '../fleet/rollout-actions.ts';

interface Action {
  readonly run: (call: FleetCall) => Promise<number>;
  /** The words that it takes beside the address. */
  readonly takes: readonly TakenWord[];
}

const ACTIONS = {
  status: { run: status, takes: ['wait', 'directors', 'timeout'] },
  halt: { run: halt, takes: ['reason'] },
  resume: { run: resume, takes: ['reason'] },
  rollback: { run: rollback, takes: ['reason'] },
  forget: { run: forget, takes: ['subject'] },
  diff: { run: diff, takes: ['subject'] },
  drain: { run: drain, takes: ['subject', 'service', 'for', 'reason', 'wait', 'timeout'] },
  undrain: { run: undrain, takes: ['subject', 'service', 'wait', 'timeout'] },
} satisfies Record<string, Action>;

export const fleetVerb = defineVerb({
  name: 'fleet',
  job: 'operate',
  summary: 'state of all directors',
  description:
    'show the directors that follow a configuration in etcd: what each has applied, and its ' +
    'health; halt and resume a rollout, or roll it back everywhere; drain a server everywhere',
  arguments: {
    action: choiceArgument('action', 'what to do', ACTIONS),
    address: requiredArgument('address', ETCD_ADDRESS_FORM),
    subject: optionalArgument(
      'subject',
      'forget, diff: the name of a director; drain, undrain: the address of a server',
    ),
  },
  options: FLEET_OPTIONS,
  exits: {
    ...FILE_EXITS,
    ok: 'printed or done; with --wait: by every director',
    changes: 'diff: the current generation changes the director',
    partial: 'with --wait: the rollout is halted, or a director holds a drain back',
    'not-confirmed': 'with --wait: the time is up',
    refused: 'a rollback where files of an earlier generation are in force',
    stale: 'another operator was quicker; nothing was changed',
  },
  examples: [
    'ipvstate fleet status etcd://etcd1:2379/ipvstate/prod',
    'ipvstate fleet status etcd://etcd1:2379/ipvstate/prod -o json | jq .nodes',
    'ipvstate fleet drain etcd://etcd1:2379/ipvstate/prod 10.1.0.11 --for 2h',
  ],
  notes: [
    'A director is in the fleet once it has reported, or when the files have a folder',
    'nodes/NAME. --wait knows of no others: --directors says how many there are.',
    'Access to etcd is as for push: see `ipvstate help directors`.',
  ],
  run: async (options, environment, { action, address, subject }) => {
    const parsed = parseEtcdAddress(address);
    const client = openEtcd(parsed, environment.env);
    const { run, takes } = ACTIONS[action];
    const call = { action, client, prefix: parsed.prefix, subject, options, environment };
    refuseOthers(call, takes);
    return run(call);
  },
});

async function status(call: FleetCall): Promise<number> {
  const { options, client, prefix } = call;
  const { wait: wanted, directors: expected = 1 } = options;
  if (wanted === true) throw wrongUsage('`fleet status` takes --wait with a generation');
  const isThere = ({ nodes }: Fleet): boolean =>
    wanted === undefined ||
    (nodes.length >= expected && nodes.every((node) => hasGeneration(node, wanted)));
  const isOver = (fleet: Fleet): boolean => isThere(fleet) || isHalted(fleet);
  const fleet = await (wanted === undefined ? readFleet(client, prefix) : waitFor(isOver, call));
  show(fleet, call);
  if (isThere(fleet)) return EXIT.ok;
  return isHalted(fleet) ? EXIT.partial : EXIT['not-confirmed'];
}

function isHalted({ rollout }: Fleet): boolean {
  return rollout?.halt !== undefined;
}
