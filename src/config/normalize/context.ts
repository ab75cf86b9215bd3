import type { Config } from '../config.ts';
import type { Finding, Place, Report } from '../finding.ts';
import type { InvalidParts } from '../invalid-parts.ts';
import type { ItemOffsets } from '../read/document.ts';
import { type NodeLists, readNodeLists, selectSections } from './nodes.ts';
import type { Trace } from './trace.ts';

/** The state that every part of the normalisation shares. */
export interface Context {
  /** Without the sections that are for other nodes. */
  readonly config: Config;
  readonly invalid: InvalidParts;
  readonly itemOffsets: ItemOffsets;
  readonly report: Report;
  /**
   * For values that several services inherit: reports the same message about the same place once.
   */
  readonly reportOnce: Report;
  readonly nodes: NodeLists;
  readonly usedProfiles: Set<string>;
  readonly usedPools: Set<string>;
  /** Set when one service is to be explained. */
  readonly trace: Trace | undefined;
}

interface ContextParts extends Pick<Context, 'config' | 'invalid' | 'itemOffsets' | 'trace'> {
  /** Reports are added to it. */
  readonly findings: Finding[];
  readonly node: string;
}

export function createContext({ config, findings, node, ...parts }: ContextParts): Context {
  const seen = new Set<string>();
  const report: Report = (finding) => findings.push(finding);
  const reportOnce: Report = (finding) => {
    const id = `${finding.code} ${placeText(finding.place)} ${finding.message}`;
    if (seen.has(id)) return;
    seen.add(id);
    findings.push(finding);
  };
  const used = { usedProfiles: new Set<string>(), usedPools: new Set<string>() };
  const nodes = readNodeLists(config, node, report);
  const selected = selectSections(config, nodes);
  return { ...parts, config: selected, report, reportOnce, nodes, ...used };
}

function placeText(place: Place): string {
  return typeof place === 'number' ? String(place) : `${place.at} ${JSON.stringify(place.path)}`;
}
