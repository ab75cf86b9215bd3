import { IpvstateError } from '../../errors.ts';
import { ETCD_ENVIRONMENT } from './access.ts';

/** A refusal by a member that answers. */
export class EtcdRefusal extends Error {
  /** The code of gRPC. */
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** No member has answered a request as it should, and one of them may have carried it out. */
export class EtcdOutcomeUnknownError extends IpvstateError {}

/** The time in which a member must answer. */
export const ANSWER_MILLISECONDS = 5000;

/** The answer of a program that is not etcd, or of an etcd that is too old. */
export const NOT_ETCD = 'the answer is none of etcd';

/** Codes of gRPC with which another member may not answer; 0 is an answer without a code. */
const RETRIED_CODES = new Set([0, 4, 8, 13, 14]);
/** The code of a member that has no room, or too many requests: this one was not carried out. */
const EXHAUSTED = 8;
const UNAUTHENTICATED = 16;

/** Tells whether every member would refuse alike. */
export function isRefusedByAll(error: unknown): boolean {
  return error instanceof EtcdRefusal && !RETRIED_CODES.has(error.code);
}

/** Codes of failures before a request was sent. */
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Tells whether a request may have been carried out, although no answer says so. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (error instanceof EtcdRefusal)
    return RETRIED_CODES.has(error.code) && error.code !== EXHAUSTED;
  return !UNSENT.has((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Tells whether a new token may help: etcd has forgotten this one, or the roles were changed after
 * it was given.
 */
export function isTokenWornOut(error: unknown): boolean {
  if (!(error instanceof EtcdRefusal)) return false;
  return error.code === UNAUTHENTICATED || /revision .*is old/.test(error.message);
}

export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer in ${ANSWER_MILLISECONDS / 1000} s`;
  // A host with several addresses fails with one error for each.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  const failure: Error & { readonly library?: string; readonly reason?: string } = first ?? error;
  const { library, reason, message } = failure;
  // The message of OpenSSL has places in its source code, which help nobody.
  const isOfTls = library !== undefined && reason !== undefined;
  return isOfTls ? `TLS fails: ${reason}` : message.trim();
}

const { ca, cert, key, user, passwordFile } = ETCD_ENVIRONMENT;

/** Steps that help, by the text of a failure. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/none of etcd|\b404\b/, 'etcd 3.4 or later is needed, with its gRPC gateway enabled.'],
  [/user name is empty/, `etcd asks who you are: set ${user} and ${passwordFile}.`],
  [/authentication is not enabled/, `etcd knows no users: unset ${user}.`],
  [/authentication failed/, `Correct ${user} and ${passwordFile}.`],
  [/permission denied/, `Give the role of ${user} the right: \`ipvstate help directors\`.`],
  [/space exceeded/, 'etcd is full: compact it, defragment it, and disarm its alarm with etcdctl.'],
  [/socket hang up|Parse Error|to an HTTPS/i, `When etcd asks for TLS: set ${ca}.`],
  [/wrong version number|packet length too long/i, `etcd is without TLS: unset ${ca}.`],
  [/PEM|no start line|bad base64|ASN1|asn1/, `${ca}, ${cert} and ${key} name files in PEM format.`],
  [/key values mismatch/, `${key} is not the key of ${cert}.`],
  [
    /alert.*certificate|certificate required/i,
    `etcd asks for a certificate: ${cert} and ${key}. One that has expired is none.`,
  ],
  [/expired/, 'The certificate has expired: replace it. Files are read again by themselves.'],
  [/certificate|altnames/i, `${ca} names the authority of the certificate of etcd.`],
];

/** Returns the step that helps, for the failures of all members. undefined: none is known. */
export function hintFor(failures: readonly string[]): string | undefined {
  return HINTS.find(([pattern]) => failures.some((failure) => pattern.test(failure)))?.[1];
}
