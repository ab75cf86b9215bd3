import type { Agent, IncomingMessage } from 'node:http';
import { IpvstateError } from '../../errors.ts';
import { isNumber, isObject, isText } from '../../model/shape.ts';
import { type EtcdAccess, readEtcdAccess } from './access.ts';
import type { EtcdAddress } from './address.ts';
import { Connections } from './connections.ts';
import {
  ANSWER_MILLISECONDS,
  describeFailure,
  EtcdOutcomeUnknownError,
  EtcdRefusal,
  hintFor,
  isOutcomeUnknown,
  isRefusedByAll,
  isTokenWornOut,
  NOT_ETCD,
} from './failures.ts';

/** A key that etcd has, and the revision in which it was last written. */
export interface EtcdEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly revision: string;
  /** The revision of etcd in which the key was created. */
  readonly created: string;
  /** The lease that it goes with. Absent: it stays. */
  readonly lease?: string;
}

/** A write in a transaction. Its key must be as `revision` says; undefined: it must not exist. */
export interface EtcdWrite {
  readonly key: string;
  readonly value: Buffer;
  readonly revision: string | undefined;
}

/**
 * A client of etcd's JSON gateway, which every etcd from 3.4 on serves beside gRPC. All methods
 * throw `NO_INPUT` when no member answers, or the answer is a refusal.
 */
export interface EtcdClient {
  /** Reads a key. undefined: it does not exist, as a majority of the members says. */
  get(key: string): Promise<EtcdEntry | undefined>;
  /** Reads all keys with this beginning, in their order, maybe without one that is written now. */
  list(prefix: string): Promise<readonly EtcdEntry[]>;
  /**
   * Reads several keys at one revision. A key that ends in `/` stands for all keys that begin with
   * it. Returns the entries of each in their order.
   */
  readTogether(keys: readonly string[]): Promise<readonly (readonly EtcdEntry[])[]>;
  /** Lists the keys like `list`, without their values. */
  listKeys(prefix: string): Promise<readonly string[]>;
  put(key: string, value: Buffer): Promise<void>;
  /**
   * Writes all keys and deletes the others, or does nothing. Returns false when a key is not as its
   * write says. Throws `EtcdOutcomeUnknownError` when it may have been done.
   */
  putAll(writes: readonly EtcdWrite[], deletes?: readonly string[]): Promise<boolean>;
  /**
   * Calls `onEvent` when the watch is in place and at each change. A key that ends in `/` stands
   * for all keys that begin with it. Ends with an error.
   */
  watch(key: string, onEvent: () => void, signal: AbortSignal): Promise<never>;
  /** Makes any other request of the gateway, such as `lease/grant`. */
  ask(path: string, body: object): Promise<unknown>;
}

/** The largest answer that is read. A chunk and its wrapping have less. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * A watch sends nothing by itself. The system then asks the member whether it is there, and ends
 * the connection when it does not answer 10 times, once in a second.
 */
const KEEP_ALIVE_MILLISECONDS = 5000;

/** Keys that are read in one request. Each of them may have a manifest of 1 MiB. */
const PAGE_KEYS = 32;

export function openEtcd(address: EtcdAddress, env: NodeJS.ProcessEnv = process.env): EtcdClient {
  const cluster = new Cluster(address, () => readEtcdAccess(env));
  return {
    get: async (key) => (await cluster.ask('kv/range', { key: encode(key) }, pageOf)).entries[0],
    list: (prefix) => listAll(cluster, prefix, false),
    listKeys: async (prefix) => (await listAll(cluster, prefix, true)).map(({ key }) => key),
    readTogether: (keys) => {
      const success = keys.map((key) => ({ request_range: rangeOf(key) }));
      return cluster.ask('kv/txn', { success }, (answer) => {
        const { responses } = isObject(answer) ? answer : {};
        if (!Array.isArray(responses) || responses.length !== keys.length)
          throw new Error(NOT_ETCD);
        return responses.map((each) => {
          if (!isObject(each) || !isObject(each.response_range)) throw new Error(NOT_ETCD);
          return pageOf(each.response_range).entries;
        });
      });
    },
    put: async (key, value) => {
      await cluster.ask('kv/put', { key: encode(key), value: value.toString('base64') });
    },
    putAll: async (writes, deletes = []) => {
      const answer = await cluster.ask('kv/txn', {
        compare: writes.map(({ key, revision }) => ({
          key: encode(key),
          result: 'EQUAL',
          ...(revision === undefined
            ? { target: 'CREATE', create_revision: '0' }
            : { target: 'MOD', mod_revision: revision }),
        })),
        success: [
          ...writes.map(({ key, value }) => ({
            request_put: { key: encode(key), value: value.toString('base64') },
          })),
          ...deletes.map((key) => ({ request_delete_range: { key: encode(key) } })),
        ],
      });
      return isObject(answer) && answer.succeeded === true;
    },
    watch: (key, onEvent, signal) =>
      cluster.stream('watch', { create_request: rangeOf(key) }, onEvent, signal),
    ask: (path, body) => cluster.ask(path, body),
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A key that ends in `/` stands for all keys that begin with it. */
function rangeOf(key: string): { readonly key: string; readonly range_end?: string } {
  return { key: encode(key), ...(key.endsWith('/') && { range_end: encode(endOf(key)) }) };
}

/** The first key after all keys with this beginning, which ends in an ASCII character. */
function endOf(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/** Reads page after page, because one answer has no room for any number of keys. */
async function listAll(cluster: Cluster, prefix: string, keysOnly: boolean): Promise<EtcdEntry[]> {
  const end = encode(endOf(prefix));
  const found: EtcdEntry[] = [];
  for (let from = prefix; ; ) {
    const { entries, more } = await cluster.ask(
      'kv/range',
      {
        ...{ key: encode(from), range_end: end, limit: String(PAGE_KEYS) },
        ...(keysOnly && { keys_only: true }),
      },
      pageOf,
    );
    for (const entry of entries) found.push(entry);
    const last = entries.at(-1);
    if (!more || !last) return found;
    from = `${last.key}\0`;
  }
}

interface Page {
  readonly entries: readonly EtcdEntry[];
  /** True when there are keys after these. */
  readonly more: boolean;
}

/** The gateway leaves out what is empty. Throws for any other answer. */
function pageOf(answer: unknown): Page {
  const { kvs = [], more = false } = isObject(answer) ? answer : {};
  if (!Array.isArray(kvs)) throw new Error(NOT_ETCD);
  const entries = kvs.map((entry: unknown) => {
    const {
      key,
      value = '',
      create_revision: created,
      mod_revision: revision,
      lease,
    } = isObject(entry) ? entry : {};
    if (!isText(key) || !isText(value) || !isText(created) || !isText(revision))
      throw new Error(NOT_ETCD);
    const decoded = Buffer.from(key, 'base64').toString('utf8');
    const bytes = Buffer.from(value, 'base64');
    return { key: decoded, value: bytes, created, revision, ...(isText(lease) && { lease }) };
  });
  return { entries, more: more === true };
}

class KeptConnectionError extends Error {}

/** Codes of the failures on a connection that the other side has ended. */
const ENDED = new Set(['ECONNRESET', 'EPIPE']);

/** The members of a cluster. The member that answered last is asked first. */
class Cluster {
  readonly #address: EtcdAddress;
  readonly #readAccess: () => Promise<EtcdAccess>;
  readonly #connections = new Connections(() => performance.now());
  #first = 0;
  #token: string | undefined;

  constructor(address: EtcdAddress, readAccess: () => Promise<EtcdAccess>) {
    this.#address = address;
    this.#readAccess = readAccess;
  }

  /** `parse` throws for an answer that is not one to this request, so that it names the member. */
  async ask<T = unknown>(
    path: string,
    body: object,
    parse: (answer: unknown) => T = (answer) => answer as T,
  ): Promise<T> {
    return this.#withMember(async (host, access) => {
      const answer = await this.#answer(host, access, path, body);
      // Each answer of etcd has a header. The answer of another program may be any object.
      const { result } = isObject(answer) ? answer : {};
      if (!hasHeader(answer) && !hasHeader(result)) throw new Error(NOT_ETCD);
      return parse(answer);
    });
  }

  async stream(
    path: string,
    body: object,
    onLine: () => void,
    signal: AbortSignal,
  ): Promise<never> {
    return this.#withMember(async (host, access) => {
      const response = await this.#send(host, access, path, body, signal);
      if (response.statusCode !== 200) parseAnswer(await readAnswer(response), response.statusCode);
      for await (const line of linesOf(response)) {
        const answer = parseAnswer(line, 200);
        const { result } = isObject(answer) ? answer : {};
        if (!hasHeader(result)) throw new Error(NOT_ETCD);
        if (isObject(result) && result.canceled === true) throw new Error('the watch was ended');
        onLine();
      }
      throw new Error('the watch was ended');
    });
  }

  /** Asks one member after the other. Throws when each has failed, or one has refused. */
  async #withMember<T>(ask: (host: string, access: EtcdAccess) => Promise<T>): Promise<T> {
    const { hosts, prefix } = this.#address;
    const access = await this.#readAccess();
    const failures: string[] = [];
    let isRefused = false;
    let isUnknown = false;
    for (let index = 0; index < hosts.length; index++) {
      const at = (this.#first + index) % hosts.length;
      const host = hosts[at] ?? '';
      try {
        const result = await this.#withToken(host, access, ask);
        this.#first = at;
        return result;
      } catch (error) {
        if (error instanceof IpvstateError) throw error;
        failures.push(`${host}: ${describeFailure(error)}`);
        isUnknown ||= isOutcomeUnknown(error);
        isRefused = isRefusedByAll(error);
        if (isRefused) break;
      }
    }
    const outcome = isRefused ? 'refuses' : 'cannot be reached';
    const message = `etcd:${prefix} ${outcome}: ${failures.join('; ')}`;
    const hint = hintFor(failures);
    const Failure = isUnknown ? EtcdOutcomeUnknownError : IpvstateError;
    throw new Failure('NO_INPUT', message, hint === undefined ? {} : { hint });
  }

  /** Asks with a token, where there is a user. A token that etcd has forgotten is replaced. */
  async #withToken<T>(
    host: string,
    access: EtcdAccess,
    ask: (host: string, access: EtcdAccess) => Promise<T>,
  ): Promise<T> {
    if (!access.user) return ask(host, access);
    const known = this.#token !== undefined;
    this.#token ??= await this.#authenticate(host, access);
    try {
      return await ask(host, access);
    } catch (error) {
      if (!known || !isTokenWornOut(error)) throw error;
      this.#token = await this.#authenticate(host, access);
      return ask(host, access);
    }
  }

  async #authenticate(host: string, access: EtcdAccess): Promise<string> {
    this.#token = undefined;
    const answer = await this.#answer(host, access, 'auth/authenticate', access.user ?? {});
    if (!isObject(answer) || !isText(answer.token)) throw new Error(NOT_ETCD);
    return answer.token;
  }

  /** The answer of one member. An answer that takes too long is one that does not come. */
  async #answer(host: string, access: EtcdAccess, path: string, body: object): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_MILLISECONDS);
    const agent = await this.#connections.agentFor(access.tls);
    const send = (by: Agent | undefined) => this.#send(host, access, path, body, signal, by);
    try {
      const response = await send(agent).catch((error: unknown) => {
        // The member has ended a connection that was kept, before it got this request.
        if (!(error instanceof KeptConnectionError)) throw error;
        return send(undefined);
      });
      return parseAnswer(await readAnswer(response), response.statusCode);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  }

  async #send(
    host: string,
    { tls }: EtcdAccess,
    path: string,
    body: object,
    signal: AbortSignal,
    agent?: Agent,
  ): Promise<IncomingMessage> {
    const { request } = tls ? await import('node:https') : await import('node:http');
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(`${tls ? 'https' : 'http'}://${host}/v3/${path}`, {
        ...tls,
        method: 'POST',
        agent: agent ?? false,
        signal,
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
          ...(this.#token !== undefined && { Authorization: this.#token }),
        },
      });
      sent.setSocketKeepAlive(true, KEEP_ALIVE_MILLISECONDS);
      sent.on('response', resolve);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const isEnded = sent.reusedSocket && ENDED.has(error.code ?? '');
        reject(isEnded ? new KeptConnectionError() : error);
      });
      sent.end(text);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += (chunk as Buffer).length;
    if (size > MAX_ANSWER_BYTES)
      throw new Error(`an answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + (chunk as Buffer).toString('utf8')).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_ANSWER_BYTES) throw new Error('an event is too long');
    yield* lines.filter((line) => line.trim() !== '');
  }
}

function parseAnswer(text: string, status: number | undefined): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    const [line = ''] = text.trim().split('\n');
    const shown = line === '' || line.length > 100 ? `HTTP status ${status}` : line;
    throw status === 200 ? new Error(NOT_ETCD) : new EtcdRefusal(shown, 0);
  }
  if (status === 200) return answer;
  const { message, error, code } = isObject(answer) ? answer : {};
  const shown = isText(message) ? message : isText(error) ? error : `HTTP status ${status}`;
  throw new EtcdRefusal(shown, isNumber(code) ? code : 0);
}

function hasHeader(answer: unknown): boolean {
  return isObject(answer) && isObject(answer.header) && isText(answer.header.cluster_id);
}
