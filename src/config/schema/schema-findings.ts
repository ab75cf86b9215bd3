import { type Config, MAPPINGS, type MappingKind } from '../config.ts';
import { atKey, atValue, type Finding, type Path, shownName } from '../finding.ts';
import { hintFor, suggest } from '../suggest.ts';
import type { SchemaError } from './validate.generated.js';
import { validate } from './validate.generated.js';
import { describeValue, wrongType } from './wrong-type.ts';

/** The document if it is a mapping, and its violations of the schema. */
interface SchemaResult {
  readonly config: Config | undefined;
  readonly findings: readonly Finding[];
  /** The paths of the values that violate the schema. Later checks skip these values. */
  readonly invalidPaths: readonly Path[];
}

/** Checks a document against the schema. Returns all violations, one finding for each mistake. */
export function checkSchema(value: unknown): SchemaResult {
  if (validate(value)) return { config: value as Config, findings: [], invalidPaths: [] };
  const violations = (validate.errors ?? []).filter((error) => error.keyword !== 'if');
  const invalidPaths: Path[] = [];
  const findings: Finding[] = [];
  const unknown = unknownKeys(violations);
  const mistyped = new Set(
    violations.filter((error) => error.keyword === 'type').map((error) => error.instancePath),
  );
  for (const error of violations) {
    const { path, target } = follow(value, error.instancePath);
    invalidPaths.push(path);
    if (error.keyword === 'const' && mistyped.has(error.instancePath)) continue;
    const finding = toFinding(error, path, target, unknown.get(error.instancePath) ?? []);
    if (finding) findings.push(finding);
  }
  const isMapping = value !== null && typeof value === 'object' && !Array.isArray(value);
  return { config: isMapping ? (value as Config) : undefined, findings, invalidPaths };
}

function toFinding(
  error: SchemaError,
  path: Path,
  target: unknown,
  unknown: readonly string[],
): Finding | undefined {
  const key = nameOf(path);
  switch (error.keyword) {
    case 'additionalProperties': {
      const word = String(error.params.additionalProperty);
      const { name, keys } = MAPPINGS[mappingKind(path, target)];
      const message = `${name} has no key "${shownName(word)}"`;
      return {
        code: 'UNKNOWN_KEY',
        severity: 'error',
        message,
        place: atKey(...path, word),
        hint: unknownKeyHint(word, keys),
      };
    }
    case 'required': {
      const missing = String(error.params.missingProperty);
      const { name, keys } = MAPPINGS[mappingKind(path, target)];
      if (unknown.some((word) => suggest(word, keys) === missing)) return undefined;
      const hint =
        missing === 'version'
          ? 'write version: 1 at the top'
          : missing === 'services'
            ? 'write services: [] for no services'
            : undefined;
      const message = `${name} needs the key "${missing}"`;
      return {
        code: 'MISSING_KEY',
        severity: 'error',
        message,
        place: atValue(...path),
        ...(hint === undefined ? {} : { hint }),
      };
    }
    case 'type':
      return wrongType(key, path, target, error.params.type as string | readonly string[]);
    case 'enum': {
      const allowed = error.params.allowedValues as readonly string[];
      // A value of another type has a finding of the keyword `type`.
      if (typeof target !== 'string') return undefined;
      const message = `${key} cannot be ${describeValue(target)}`;
      return {
        code: 'BAD_VALUE',
        severity: 'error',
        message,
        place: atValue(...path),
        hint: hintFor(target, allowed),
      };
    }
    case 'const':
      return {
        code: 'VERSION',
        severity: 'error',
        message: `version ${describeValue(target)} of the format is not known`,
        place: atValue(...path),
        hint: 'write version: 1',
      };
    case 'minimum':
    case 'maximum': {
      const end = error.keyword === 'minimum' ? 'smallest' : 'largest';
      const bound = `the ${end} is ${String(error.params.limit)}`;
      return {
        code: 'OUT_OF_RANGE',
        severity: 'error',
        message: `${key} is ${String(target)}; ${bound}`,
        place: atValue(...path),
      };
    }
    default:
      throw new Error(`the schema uses the keyword ${error.keyword}, which has no message`);
  }
}

function unknownKeys(errors: readonly SchemaError[]): ReadonlyMap<string, readonly string[]> {
  const unknown = new Map<string, string[]>();
  for (const error of errors) {
    if (error.keyword !== 'additionalProperties') continue;
    const words = unknown.get(error.instancePath) ?? [];
    words.push(String(error.params.additionalProperty));
    unknown.set(error.instancePath, words);
  }
  return unknown;
}

/** Resolves a JSON pointer to its path and value. */
function follow(root: unknown, pointer: string): { path: Path; target: unknown } {
  const path: (string | number)[] = [];
  let target: unknown = root;
  for (const part of pointer.split('/').slice(1)) {
    const step = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(target) ? Number(step) : step);
    target = (target as Record<string, unknown> | undefined)?.[step];
  }
  return { path, target };
}

/** The name of a value in messages: its key, or `an item of destinations`. */
function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  return typeof last === 'number' ? `an item of ${nameOf(path.slice(0, -1))}` : shownName(last);
}

/** The kinds of the mappings in `health`. */
const CHECK_KINDS: Readonly<Record<string, MappingKind>> = {
  tcp: 'tcpCheck',
  http: 'httpCheck',
  udp: 'udpCheck',
  dns: 'dnsCheck',
  command: 'commandCheck',
  fallback: 'destination',
};

/** The kind of a mapping in `health`. undefined: it is in none. */
function kindInHealth(path: Path): MappingKind | undefined {
  const index = path.indexOf('health');
  if (index <= 0) return undefined;
  const isOfDestination = path[0] === 'pools' || path.indexOf('destinations') > 0;
  const key = path[index + 1];
  if (key === undefined) return isOfDestination ? 'destinationHealth' : 'health';
  return CHECK_KINDS[String(key)];
}

function mappingKind(path: Path, target: unknown): MappingKind {
  const [top] = path;
  const inHealth = kindInHealth(path);
  if (inHealth) return inHealth;
  const last = path.at(-1);
  if (top === undefined) return 'root';
  if (
    path.length === 1 &&
    (top === 'manage' || top === 'limits' || top === 'defaults' || top === 'timeouts')
  )
    return top;
  if (top === 'manage') return 'selector';
  if (top === 'sync_daemons') return 'syncDaemon';
  if (top === 'sysctls') return top;
  if (path.length === 2 && top !== 'defaults') return top === 'profiles' ? 'profile' : 'service';
  if (last === 'tunnel' || last === 'persistence' || last === 'drain') return last;
  return top !== 'pools' && target !== null && typeof target === 'object' && 'pool' in target
    ? 'poolReference'
    : 'destination';
}

/** Hints for parts of an address that users write as separate keys. */
const PARTS_OF_ADDRESS: Readonly<Record<string, string>> = {
  port: 'the port is part of "address"',
  protocol: 'the protocol is part of "address": tcp://IP:PORT',
  proto: 'the protocol is part of "address": tcp://IP:PORT',
  fwmark: 'write address: fwmark:N',
  mark: 'write address: fwmark:N',
};

/** Hints for checks that a director cannot make. */
const NO_CHECKS: ReadonlyMap<string, string> = new Map([
  ['via', 'checks go to the address of the destination: see `ipvstate help health-checks`'],
  ['icmp', 'write tcp: {}, or a command: see `ipvstate help health-checks`'],
  ['ping', 'write tcp: {}, or a command: see `ipvstate help health-checks`'],
]);

function unknownKeyHint(word: string, keys: readonly string[]): string {
  const instead = keys.includes('slow_start') ? NO_CHECKS.get(word) : undefined;
  if (instead !== undefined) return instead;
  const part =
    keys.includes('address') && Object.hasOwn(PARTS_OF_ADDRESS, word)
      ? PARTS_OF_ADDRESS[word]
      : undefined;
  return part ?? hintFor(word, keys);
}
