import type { Agent } from 'node:http';
import type { EtcdAccess } from './access.ts';

type Tls = EtcdAccess['tls'];

/** The time in which new requests use a connection. Certificates are looked at again after it. */
const USED_MILLISECONDS = 10_000;

/**
 * The connections of a client. Those with TLS are kept for further requests: most of the time of
 * etcd would go into their beginnings. They are not kept for long, and not resumed, so that a
 * certificate that has expired, or was replaced, is noticed soon.
 */
export class Connections {
  readonly #now: () => number;
  #kept: { readonly agent: Agent; readonly tls: Tls; readonly since: number } | undefined;

  /** `now` returns milliseconds on a clock that is never set. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Returns the connections for these certificates. undefined: each request has one of its own. */
  async agentFor(tls: Tls): Promise<Agent | undefined> {
    if (!tls) return undefined;
    const since = this.#now();
    const kept = this.#kept;
    if (kept && since - kept.since < USED_MILLISECONDS && isSame(kept.tls, tls)) return kept.agent;
    const { Agent } = await import('node:https');
    // Connections of the agent from before end when their requests do, or when this time is over.
    const agent = new Agent({ keepAlive: true, maxCachedSessions: 0, timeout: USED_MILLISECONDS });
    this.#kept = { agent, tls, since };
    return agent;
  }
}

function isSame(a: Tls, b: Tls): boolean {
  const isSameFile = (name: 'ca' | 'cert' | 'key'): boolean => {
    const [one, other] = [a?.[name], b?.[name]];
    return one && other ? one.equals(other) : one === other;
  };
  return isSameFile('ca') && isSameFile('cert') && isSameFile('key');
}
