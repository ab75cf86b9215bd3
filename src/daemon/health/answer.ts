import { formatDuration } from '../../model/duration.ts';

/** The answer of one destination to its checks. */
export interface Answer {
  /** `unknown`: this machine could not check, which says nothing about the destination. */
  readonly verdict: 'good' | 'bad' | 'unknown';
  /** The answer in words, such as "HTTP 503" or "connection refused". */
  readonly reason: string;
}

export const good = (reason: string): Answer => ({ verdict: 'good', reason });
export const bad = (reason: string): Answer => ({ verdict: 'bad', reason });
export const unknown = (reason: string): Answer => ({ verdict: 'unknown', reason });

/** The destination of a check, and how long it may take. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** The source address. */
  readonly from: string | undefined;
  readonly timeoutSeconds: number;
}

/** The part of a stream or a datagram socket that ends it. */
type End = () => void;

/** A timer that is later says more about this machine than about the other one. */
const MOST_LATE_SECONDS = 1;

/**
 * Runs one exchange with a destination until it answers or its time is over. `start` begins the
 * exchange and returns how to end it. The first answer counts, and nothing thrown is lost.
 */
export function exchange(
  { timeoutSeconds }: Target,
  start: (answer: (answer: Answer) => void) => End,
): Promise<Answer> {
  return new Promise((resolve) => {
    let end: End | undefined;
    let isOver = false;
    const answer = (found: Answer): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      end?.();
      resolve(found);
    };
    const startedAt = performance.now();
    const late = (): Answer =>
      (performance.now() - startedAt) / 1000 > timeoutSeconds + MOST_LATE_SECONDS
        ? unknown('cannot check: this machine is too busy')
        : bad(`timeout after ${formatDuration(timeoutSeconds)}`);
    // An answer that is there already, and that this busy process has not read yet, comes first.
    const timer = setTimeout(() => setImmediate(() => answer(late())), timeoutSeconds * 1000);
    try {
      end = start(answer);
      if (isOver) end();
    } catch (error) {
      answer(answerOfError(error));
    }
  });
}

/** Errors of this machine, which say nothing about the destination. */
const OWN_ERRORS: Readonly<Record<string, string>> = {
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  ENOBUFS: 'no memory for sockets',
  ENOMEM: 'no memory',
  EADDRNOTAVAIL: 'the source address or its ports are not available',
  EADDRINUSE: 'the source address and port are in use',
  EACCES: 'permission denied',
  EPERM: 'not permitted, perhaps by a firewall of this machine',
};

const BAD_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  EHOSTDOWN: 'host down',
  ETIMEDOUT: 'connection timed out',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'a certificate in the chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is not signed by ca',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is not signed by ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is not signed by ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  HPE_HEADER_OVERFLOW: 'the headers are longer than 16 KiB',
};

const REASON_LENGTH = 200;

/** Returns the answer that an error of a socket is. */
export function answerOfError(error: unknown): Answer {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(OWN_ERRORS, code)) return unknown(`cannot check: ${OWN_ERRORS[code]}`);
  if (Object.hasOwn(BAD_ERRORS, code)) return bad(BAD_ERRORS[code] ?? code);
  if (code.startsWith('HPE_')) return bad('the answer is not HTTP');
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return bad('the answer is not TLS');
  return bad((message || code).slice(0, REASON_LENGTH));
}
