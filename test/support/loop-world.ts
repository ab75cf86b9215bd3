import { createHash } from 'node:crypto';
import { IpvstateError } from '../../src/errors.ts';
import type { Desired } from '../../src/model/desired.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Issue } from '../../src/model/issue.ts';
import { sortedServices, type Table } from '../../src/model/table.ts';
import { serviceFingerprint, settingsFingerprint } from '../../src/plan/fingerprint.ts';
import { plan } from '../../src/plan/plan.ts';
import { interruptible } from '../../src/reconcile/interruptible.ts';
import type { LoadedFiles } from '../../src/reconcile/loop/config-state.ts';
import { startLoop } from '../../src/reconcile/loop/loop.ts';
import type { Loop } from '../../src/reconcile/loop/loop-interface.ts';
import type { LoopOptions } from '../../src/reconcile/loop/loop-options.ts';
import type { LoopState, PassResult } from '../../src/reconcile/loop/loop-state.ts';
import {
  type MisbehavingTable,
  type Misbehaviour,
  openMisbehavingTable,
} from './misbehaving-ipvs.ts';
import { operationsOf } from './plan-runs.ts';
import { type ServiceText, tableOf, wholly } from './tables.ts';
import { VirtualClock } from './virtual-clock.ts';

/** The content of the one file of a test: a table, an invalid text, or no readable text. */
export type Content = Table | Desired | 'nonsense' | 'more nonsense' | IpvstateError;

export const MISSING = new IpvstateError('NO_INPUT', 'c.yaml does not exist');
export const BEING_WRITTEN = new IpvstateError('UNSTABLE', 'c.yaml is being written');

/** Two services, so that removing one is within the guard. */
export function tableWith(services: Readonly<Record<string, ServiceText>>): Table {
  return tableOf({
    'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } },
    ...services,
  });
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function fingerprintOf(table: Table): string {
  return sha256(
    [...sortedServices(table).map(serviceFingerprint), settingsFingerprint(table)].join('\n'),
  );
}

function digestOf(content: Exclude<Content, IpvstateError>): string {
  if (typeof content === 'string') return content;
  const { timeouts, daemons = [] } = content;
  const settings = settingsFingerprint({
    timeouts: { tcp: 0, tcpFin: 0, udp: 0, ...timeouts },
    daemons,
  });
  const rest = 'limits' in content ? JSON.stringify([content.limits, content.policy?.manage]) : '';
  const services = [...content.services.values()].map(serviceFingerprint).sort();
  return sha256([...services, settings, rest].join('\n'));
}

const NONSENSE: Issue = {
  code: 'SYNTAX',
  severity: 'error',
  message: 'this is no YAML',
  position: { file: 'c.yaml', line: 3, column: 7 },
};

export function loaded(content: Content): LoadedFiles {
  if (content instanceof IpvstateError) throw content;
  const digest = digestOf(content);
  const files = [{ path: 'c.yaml', sha256: digest }];
  if (typeof content === 'string') return { digest, files, desired: undefined, issues: [NONSENSE] };
  return { digest, files, desired: 'limits' in content ? content : wholly(content), issues: [] };
}

export interface WorldOptions extends Partial<LoopOptions> {
  readonly misbehaviour?: Misbehaviour;
  /** The table as the loop reads it. */
  readonly port?: (ipvs: Ipvs) => Ipvs;
}

/** A loop with a file, a table and a clock that a test moves. */
export class LoopWorld {
  readonly clock = new VirtualClock();
  readonly ipvs: MisbehavingTable;
  readonly states: LoopState[] = [];
  /** The passes that read the table, in order. */
  readonly passes: PassResult[] = [];
  readonly loop: Loop;
  content: Content;
  loads = 0;
  fingerprints = 0;
  /** The number of times that a pass began before another one had ended. */
  overlaps = 0;
  #inside = 0;
  #isForeign = false;

  constructor(live: Table, content: Content, options: WorldOptions = {}) {
    const { misbehaviour, port = (ipvs) => ipvs, ...rest } = options;
    this.ipvs = openMisbehavingTable(live, this.#towardsUs(misbehaviour));
    this.content = content;
    const { read, execute } = port(this.ipvs);
    const table: Ipvs = {
      ...this.ipvs,
      read: (which) => this.#alone(() => read(which)),
      execute: (wave) => this.#alone(() => execute(wave)),
    };
    this.loop = startLoop({
      openTable: (interruption) => (interruption ? interruptible(table, interruption) : table),
      clock: this.clock,
      digest: sha256,
      random: () => 0.5,
      load: () =>
        this.#alone(async () => {
          this.loads++;
          return loaded(this.content);
        }),
      fingerprint: () =>
        this.#alone(async () => {
          this.fingerprints++;
          return fingerprintOf(this.ipvs.table());
        }),
      ...rest,
      onState: (state, previous) => {
        this.states.push(state);
        if (state.lastPass && state.lastPass !== previous.lastPass)
          this.passes.push(state.lastPass);
        rest.onState?.(state, previous);
      },
    });
  }

  get state(): LoopState {
    return this.loop.state;
  }

  /** Past the first pass, which reads its files twice. */
  async begin(): Promise<this> {
    await this.clock.advance(250);
    return this;
  }

  async #alone<T>(run: () => Promise<T>): Promise<T> {
    if (this.#inside++ > 0) this.overlaps++;
    try {
      await undefined;
      return await run();
    } finally {
      this.#inside--;
    }
  }

  /** Writes the file, and tells the loop. */
  async write(content: Content): Promise<void> {
    this.content = content;
    this.loop.look();
    await this.clock.advance(0);
  }

  /** Somebody else makes the live table another one. */
  async foreign(table: Table): Promise<void> {
    const { length } = this.ipvs.waves;
    this.#isForeign = true;
    await this.ipvs.execute(operationsOf(plan(this.ipvs.table(), table)));
    this.#isForeign = false;
    // A write of another program is not a wave of the loop.
    this.ipvs.waves.length = length;
  }

  /** The kernel misbehaves towards the loop only. */
  #towardsUs({ refuse, lose, beforeWave, beforeRead, failRead }: Misbehaviour = {}): Misbehaviour {
    return {
      refuse: (operation, index) => (this.#isForeign ? undefined : refuse?.(operation, index)),
      lose: (wave, operations) => (this.#isForeign ? undefined : lose?.(wave, operations)),
      beforeWave: (wave, table) => (this.#isForeign ? [] : (beforeWave?.(wave, table) ?? [])),
      ...(beforeRead && { beforeRead }),
      ...(failRead && { failRead }),
    };
  }
}
