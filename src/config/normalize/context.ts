import type { Broken } from '../broken.ts';
import type { Config } from '../config.ts';
import type { Finding, Place, Report } from '../finding.ts';

/** The state that every part of the normalisation shares. */
export interface Context {
  readonly config: Config;
  readonly broken: Broken;
  readonly report: Report;
  /**
   * For values that several services inherit: reports the same message about the same place once.
   */
  readonly reportOnce: Report;
  readonly usedProfiles: Set<string>;
  readonly usedPools: Set<string>;
}

export function createContext(config: Config, broken: Broken, findings: Finding[]): Context {
  const seen = new Set<string>();
  const report: Report = (finding) => findings.push(finding);
  const reportOnce: Report = (finding) => {
    const id = `${finding.code} ${placeText(finding.place)} ${finding.message}`;
    if (seen.has(id)) return;
    seen.add(id);
    findings.push(finding);
  };
  return { config, broken, report, reportOnce, usedProfiles: new Set(), usedPools: new Set() };
}

function placeText(place: Place): string {
  return typeof place === 'number' ? String(place) : `${place.at} ${JSON.stringify(place.path)}`;
}
