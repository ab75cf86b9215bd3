import type { Level } from '../../src/doctor/finding.ts';
import type { DiagnoseOptions } from './diagnose.ts';
import type { Tree } from './machine.ts';

/** A machine on which something is not well, and what is said about it. */
export interface Case {
  readonly about: string;
  readonly check: string;
  readonly level: Level;
  readonly seen: string;
  /** A part of the reason. */
  readonly why?: string;
  /** The command, or a part of the advice. */
  readonly fix?: string;
  readonly machine?: Tree;
  readonly options?: DiagnoseOptions;
}

export const MASQ = `version: 1
defaults: { forward: masq, scheduler: rr }
services:
  - { address: "tcp://192.0.2.10:443", destinations: [10.1.0.11, 10.1.0.12] }
`;
export const MASQ6 = `version: 1
defaults: { forward: masq, scheduler: rr }
services:
  - { address: "tcp://[2001:db8::10]:443", destinations: ["2001:db8:1::11"] }
`;
export const ROUTE = MASQ.replace('masq', 'route');
export const TUNNEL = MASQ.replace('masq', 'tunnel');
export const DRAIN = `${MASQ.replace('defaults: {', 'defaults: { drain: 5m,')}`;
