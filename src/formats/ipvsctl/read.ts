import { atValue, type Finding, type Path, type Place, toIssues } from '../../config/finding.ts';
import type { ParseResult } from '../../config/parse.ts';
import type { ConfigDocument } from '../../config/read/document.ts';
import { readDocument } from '../../config/read/read.ts';
import { hintFor } from '../../config/suggest.ts';
import { addressFamily, parseAddress } from '../../model/address.ts';
import { hasErrors } from '../../model/issue.ts';
import { SCHEDULERS } from '../../model/scheduler.ts';
import { NUMERIC_ONLY } from '../ipvsadm/grammar/names.ts';
import { endReading, type Reading, runCall, startReading } from '../ipvsadm/script-calls.ts';
import { replaceParameters, type Variables } from './parameters.ts';
import {
  DEFAULT_KEYS,
  DESTINATION_KEYS,
  type Entry,
  FILE_KEYS,
  isMapping,
  readEntry,
  SERVICE_KEYS,
} from './shape.ts';
import { yamlComments } from './yaml-comments.ts';

interface Context {
  readonly document: ConfigDocument;
  readonly reading: Reading;
  readonly findings: Finding[];
  readonly environment: Variables | undefined;
  readonly defaults: Entry;
  /** The destinations without a weight. */
  readonly unweighted: Path[];
  /** Adds the comments before an offset. */
  readonly addCommentsUntil: (at: number) => void;
}

/** The largest weight that ipvsctl accepts. */
const MAX_WEIGHT = 65_535;

const PROTOCOL_OPTIONS: Readonly<Record<string, string>> = {
  tcp: '-t',
  udp: '-u',
  sctp: '--sctp-service',
};
const FORWARD_OPTIONS: Readonly<Record<string, string>> = { direct: '-g', nat: '-m', tunnel: '-i' };

/**
 * Reads YAML for ipvsctl. The table is the one that ipvsctl makes when it adds every entry.
 * @param environment undefined when the environment may not be read
 */
export function parseIpvsctl(
  text: string,
  file: string,
  environment: Variables | undefined,
): ParseResult {
  const document = readDocument(text);
  const reading = startReading(text, file, NUMERIC_ONLY);
  const findings: Finding[] = [...document.findings];
  const positionOf = (place: Place) => reading.position(document.offsetOf(place));
  if (document.value !== undefined) {
    const report = (finding: Finding): void => void findings.push(finding);
    const root = readEntry(document.value, FILE_KEYS, [], report);
    const { defaults } = isMapping(document.value) ? document.value : {};
    const places = [...yamlComments(text)];
    let next = 0;
    const context: Context = {
      document,
      reading,
      findings,
      environment,
      defaults: readEntry(defaults ?? {}, DEFAULT_KEYS, ['defaults'], report),
      unweighted: [],
      addCommentsUntil: (at) => {
        for (let place = places[next]; place && place.at < at; place = places[++next])
          place.add(reading.comments);
      },
    };
    const { weight } = context.defaults.numbers;
    if (weight !== undefined) checkWeight(context, weight, ['defaults', 'weight']);
    checkWord(context, context.defaults.texts.sched, SCHEDULERS, ['defaults', 'sched']);
    checkWord(context, context.defaults.texts.forward, Object.keys(FORWARD_OPTIONS), [
      'defaults',
      'forward',
    ]);
    const services = root.lists.services ?? [];
    const offsets = document.itemOffsets(services)();
    for (const [index, service] of services.entries()) {
      context.addCommentsUntil(offsets?.[index] ?? 0);
      readService(context, service, ['services', index]);
    }
    context.addCommentsUntil(text.length + 1);
    reportUnweighted(context);
    if (services.length === 0 && findings.length === 0) {
      const message = 'this file for ipvsctl has no services';
      report({ code: 'EMPTY', severity: 'error', message, place: 0 });
    }
  }
  const found = toIssues(findings, positionOf);
  const result = endReading(reading);
  const issues = [...result.issues, ...found].sort(
    ({ position: a }, { position: b }) => a.line - b.line || a.column - b.column,
  );
  return hasErrors(issues) ? { desired: undefined, issues } : { ...result, issues };
}

function report(
  { findings }: Context,
  code: Finding['code'],
  message: string,
  path: Path,
  hint?: string,
  severity: Finding['severity'] = 'error',
): void {
  findings.push({
    ...{ code, severity, message, place: atValue(...path) },
    ...(hint !== undefined && { hint }),
  });
}

/** Reports a word that is none of those allowed. */
function checkWord(
  context: Context,
  word: string | undefined,
  allowed: readonly string[],
  path: Path,
): boolean {
  if (word === undefined || allowed.includes(word)) return true;
  const message = `"${word.slice(0, 100)}" is not a value of "${String(path.at(-1))}"`;
  report(context, 'BAD_VALUE', message, path, hintFor(word, allowed));
  return false;
}

function readService(context: Context, value: unknown, path: Path): void {
  const { reading, defaults, document } = context;
  const entry = readEntry(value, SERVICE_KEYS, path, (finding) => context.findings.push(finding));
  const key = readIdentity(context, entry, path);
  const sched = entry.texts.sched ?? defaults.texts.sched ?? 'rr';
  const isKnown = checkWord(context, entry.texts.sched, SCHEDULERS, [...path, 'sched']);
  const at = document.offsetOf(atValue(...path, 'address'));
  const word = (text: string) => ({ text, at });
  const added =
    key && isKnown
      ? runCall(reading, ['-A', ...key, '-s', sched].map(word), word('-A')).command
      : undefined;
  const destinations = entry.lists.destinations ?? [];
  const offsets = document.itemOffsets(destinations)();
  for (const [index, destination] of destinations.entries()) {
    context.addCommentsUntil(offsets?.[index] ?? 0);
    readDestination(context, destination, [...path, 'destinations', index], added && key);
  }
}

/** The words that name a service, such as `-t 192.0.2.1:80`. */
function readIdentity(context: Context, entry: Entry, path: Path): string[] | undefined {
  const place = [...path, 'address'];
  const text = readAddressText(context, entry, path);
  if (text === undefined) return undefined;
  const mark = /^fwmark:(\d+)$/.exec(text)?.[1];
  if (mark !== undefined) return ['-f', mark];
  const [, protocol = '', rest = ''] = /^(tcp|udp|sctp):\/\/([^/]*)\/*$/.exec(text) ?? [];
  const option = PROTOCOL_OPTIONS[protocol];
  if (option === undefined) {
    const hint = 'write tcp://ADDRESS:PORT, udp://, sctp:// or fwmark:NUMBER';
    report(context, 'ADDRESS', `"${text}" is not the address of a service`, place, hint);
    return undefined;
  }
  const endpoint = readEndpoint(context, rest, place);
  return endpoint === undefined ? undefined : [option, endpoint];
}

function readAddressText(context: Context, entry: Entry, path: Path): string | undefined {
  const { address } = entry.texts;
  if (address === undefined) {
    report(context, 'MISSING_KEY', 'the address is missing', path);
    return undefined;
  }
  const replaced = replaceParameters(address.trim(), context.environment);
  if ('text' in replaced) return replaced.text;
  report(context, 'REFERENCE', replaced.message, [...path, 'address'], replaced.hint);
  return undefined;
}

/** Reads an IPv4 address and a port. Without one, the port is that of the defaults. */
function readEndpoint(context: Context, text: string, place: Path): string | undefined {
  const [, host = '', digits] = /^(.*?)(?::(\d+))?$/s.exec(text) ?? [];
  const address = parseAddress(host.replace(/^\[(.*)\]$/, '$1')) ?? parseAddress(text);
  if (address === undefined) {
    report(context, 'ADDRESS', `"${text}" is not an IPv4 address with a port`, place);
    return undefined;
  }
  if (addressFamily(address) !== 'ipv4') {
    const hint = 'add such entries to the configuration that import prints';
    report(context, 'FAMILY', 'ipvsctl reads no IPv6 addresses', place, hint);
    return undefined;
  }
  const port = Number(digits ?? 0) || context.defaults.numbers.port;
  if (port !== undefined && port >= 1 && port <= 65_535) return `${address}:${port}`;
  const message = port === undefined ? 'the port is missing' : `${port} is no port`;
  const hint = 'write the port after the address, or below "defaults"';
  report(context, 'PORT', message, place, hint);
  return undefined;
}

function readDestination(
  context: Context,
  value: unknown,
  path: Path,
  service: readonly string[] | undefined,
): void {
  const { reading, defaults, document } = context;
  const entry = readEntry(value, DESTINATION_KEYS, path, (found) => context.findings.push(found));
  const text = readAddressText(context, entry, path);
  const endpoint =
    text === undefined ? undefined : readEndpoint(context, text, [...path, 'address']);
  const forward = entry.texts.forward ?? defaults.texts.forward;
  const isKnown = checkWord(context, entry.texts.forward, Object.keys(FORWARD_OPTIONS), [
    ...path,
    'forward',
  ]);
  const option = forward === undefined ? undefined : FORWARD_OPTIONS[forward];
  if (forward === undefined) {
    const hint = 'ipvsctl refuses it, too: write forward: direct, nat or tunnel';
    report(context, 'MISSING_KEY', 'the forwarding method is missing', path, hint);
  }
  const weight = readWeight(context, entry, path);
  if (!service || !endpoint || !isKnown || option === undefined || weight === undefined) return;
  const at = document.offsetOf(atValue(...path, 'address'));
  const words = ['-a', ...service, '-r', endpoint, option, '-w', `${weight}`];
  runCall(
    reading,
    words.map((word) => ({ text: word, at })),
    { text: '-a', at },
  );
}

/** ipvsctl takes 0 for an absent weight, and adds a destination without one with weight 0. */
function readWeight(context: Context, entry: Entry, path: Path): number | undefined {
  const { defaults } = context;
  const { weight } = entry.numbers;
  const fallback = defaults.numbers.weight ?? 0;
  if (weight !== undefined && !checkWeight(context, weight, [...path, 'weight'])) return undefined;
  if (weight === 0 && fallback !== 0) {
    const message = `ipvsctl takes weight 0 for an absent one: it is ${fallback}`;
    report(context, 'NO_EFFECT', message, [...path, 'weight'], undefined, 'warning');
  } else if (weight === undefined && fallback === 0) {
    context.unweighted.push(path);
  }
  return weight || fallback;
}

function checkWeight(context: Context, weight: number, path: Path): boolean {
  if (weight >= 0 && weight <= MAX_WEIGHT) return true;
  report(context, 'OUT_OF_RANGE', `a weight of ipvsctl is from 0 to ${MAX_WEIGHT}`, path);
  return false;
}

function reportUnweighted(context: Context): void {
  const [first, ...others] = context.unweighted;
  if (!first) return;
  const subject =
    others.length === 0
      ? 'a destination without a weight gets no connections: ipvsctl gives it'
      : `${others.length + 1} destinations without a weight get no connections: ipvsctl gives them`;
  const hint = 'write a weight, here or in the configuration that import prints';
  report(context, 'UNSERVED', `${subject} weight 0`, first, hint, 'warning');
}
