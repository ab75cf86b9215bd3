import type { Config } from '../config.ts';
import type { Finding, Place, Report } from '../finding.ts';
import type { InvalidParts } from '../invalid-parts.ts';

/** The state that every part of the normalisation shares. */
export interface Context {
  readonly config: Config;
  readonly invalid: InvalidParts;
  readonly report: Report;
  /**
   * For values that several services inherit: reports the same message about the same place once.
   */
  readonly reportOnce: Report;
  readonly usedProfiles: Set<string>;
  readonly usedPools: Set<string>;
}

export function createContext(config: Config, invalid: InvalidParts, findings: Finding[]): Context {
  const seen = new Set<string>();
  const report: Report = (finding) => findings.push(finding);
  const reportOnce: Report = (finding) => {
    const id = `${finding.code} ${placeText(finding.place)} ${finding.message}`;
    if (seen.has(id)) return;
    seen.add(id);
    findings.push(finding);
  };
  return { config, invalid, report, reportOnce, usedProfiles: new Set(), usedPools: new Set() };
}

function placeText(place: Place): string {
  return typeof place === 'number' ? String(place) : `${place.at} ${JSON.stringify(place.path)}`;
}
