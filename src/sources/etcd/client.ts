import type { IncomingMessage } from 'node:http';
import { IpvstateError } from '../../errors.ts';
import { isNumber, isObject, isText } from '../../model/shape.ts';
import { type EtcdAccess, readEtcdAccess } from './access.ts';
import type { EtcdAddress } from './address.ts';

/** A key that etcd has, and the revision in which it was last written. */
export interface EtcdEntry {
  readonly key: string;
  readonly value: Buffer;
  readonly revision: string;
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
  /** Reads all keys with this beginning, in their order. */
  list(prefix: string): Promise<readonly EtcdEntry[]>;
  /**
   * Reads several keys at one revision. A key that ends in `/` stands for all keys that begin with
   * it. Returns the entries of each in their order.
   */
  readTogether(keys: readonly string[]): Promise<readonly (readonly EtcdEntry[])[]>;
  put(key: string, value: Buffer): Promise<void>;
  /** Writes all keys, or none of them. Returns false when a key is not as its write says. */
  putAll(writes: readonly EtcdWrite[]): Promise<boolean>;
  /** Calls `onEvent` when the watch is in place and at each change. Ends with an error. */
  watch(key: string, onEvent: () => void, signal: AbortSignal): Promise<never>;
  /** Makes any other request of the gateway, such as `lease/grant`. */
  ask(path: string, body: object): Promise<unknown>;
}

/** The time in which a member must answer. */
const ANSWER_MILLISECONDS = 5000;

/** The largest answer that is read. A chunk and its wrapping have less. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Codes of gRPC that another member may not answer with. */
const RETRIED_CODES = new Set([4, 8, 13, 14]);
const UNAUTHENTICATED = 16;

export function openEtcd(address: EtcdAddress, env: NodeJS.ProcessEnv = process.env): EtcdClient {
  const cluster = new Cluster(address, () => readEtcdAccess(env));
  return {
    get: async (key) => entriesOf(await cluster.ask('kv/range', { key: encode(key) }))[0],
    list: async (prefix) => {
      const body = { key: encode(prefix), range_end: encode(endOf(prefix)) };
      return entriesOf(await cluster.ask('kv/range', body));
    },
    readTogether: async (keys) => {
      const answer = await cluster.ask('kv/txn', {
        success: keys.map((key) => ({
          request_range: {
            key: encode(key),
            ...(key.endsWith('/') && { range_end: encode(endOf(key)) }),
          },
        })),
      });
      const { responses } = isObject(answer) ? answer : {};
      if (!Array.isArray(responses) || responses.length !== keys.length) throw notUnderstood();
      return responses.map((each) => entriesOf(isObject(each) ? each.response_range : undefined));
    },
    put: async (key, value) => {
      await cluster.ask('kv/put', { key: encode(key), value: value.toString('base64') });
    },
    putAll: async (writes) => {
      const answer = await cluster.ask('kv/txn', {
        compare: writes.map(({ key, revision }) => ({
          key: encode(key),
          result: 'EQUAL',
          ...(revision === undefined
            ? { target: 'CREATE', create_revision: '0' }
            : { target: 'MOD', mod_revision: revision }),
        })),
        success: writes.map(({ key, value }) => ({
          request_put: { key: encode(key), value: value.toString('base64') },
        })),
      });
      return isObject(answer) && answer.succeeded === true;
    },
    watch: (key, onEvent, signal) =>
      cluster.stream('watch', { create_request: { key: encode(key) } }, onEvent, signal),
    ask: (path, body) => cluster.ask(path, body),
  };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The first key after all keys with this beginning, which ends in an ASCII character. */
function endOf(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/** The gateway leaves out what is empty. Throws `PROTOCOL` for any other answer. */
function entriesOf(answer: unknown): EtcdEntry[] {
  const { kvs = [], more } = isObject(answer) ? answer : { kvs: undefined };
  if (!isObject(answer) || !Array.isArray(kvs) || more === true) throw notUnderstood();
  return kvs.map((entry: unknown) => {
    const { key, value = '', mod_revision: revision } = isObject(entry) ? entry : {};
    if (!isText(key) || !isText(value) || !isText(revision)) throw notUnderstood();
    const decoded = Buffer.from(key, 'base64').toString('utf8');
    return { key: decoded, value: Buffer.from(value, 'base64'), revision };
  });
}

function notUnderstood(): IpvstateError {
  return new IpvstateError('NO_INPUT', 'the answer is none of etcd', {
    hint: 'etcd 3.4 or later is needed, with its gRPC gateway enabled.',
  });
}

/** A refusal by a member that answers. */
class EtcdRefusal extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** The members of a cluster. The member that answered last is asked first. */
class Cluster {
  readonly #address: EtcdAddress;
  readonly #readAccess: () => Promise<EtcdAccess>;
  #first = 0;
  #token: string | undefined;

  constructor(address: EtcdAddress, readAccess: () => Promise<EtcdAccess>) {
    this.#address = address;
    this.#readAccess = readAccess;
  }

  async ask(path: string, body: object): Promise<unknown> {
    return this.#withMember(async (host, access) => {
      const signal = AbortSignal.timeout(ANSWER_MILLISECONDS);
      const response = await this.#send(host, access, path, body, signal);
      return parseAnswer(await readAnswer(response), response.statusCode);
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
        if (!isObject(result) || result.canceled === true) throw new Error('the watch was ended');
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
        isRefused = error instanceof EtcdRefusal && !RETRIED_CODES.has(error.code);
        if (isRefused) break;
      }
    }
    const outcome = isRefused ? 'refuses' : 'cannot be reached';
    throw new IpvstateError('NO_INPUT', `etcd:${prefix} ${outcome}: ${failures.join('; ')}`);
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
      if (!known || !(error instanceof EtcdRefusal) || error.code !== UNAUTHENTICATED) throw error;
      this.#token = await this.#authenticate(host, access);
      return ask(host, access);
    }
  }

  async #authenticate(host: string, access: EtcdAccess): Promise<string> {
    this.#token = undefined;
    const signal = AbortSignal.timeout(ANSWER_MILLISECONDS);
    const response = await this.#send(host, access, 'auth/authenticate', access.user ?? {}, signal);
    const answer = parseAnswer(await readAnswer(response), response.statusCode);
    if (!isObject(answer) || !isText(answer.token)) throw notUnderstood();
    return answer.token;
  }

  async #send(
    host: string,
    { tls }: EtcdAccess,
    path: string,
    body: object,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { request } = tls ? await import('node:https') : await import('node:http');
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(`${tls ? 'https' : 'http'}://${host}/v3/${path}`, {
        ...tls,
        method: 'POST',
        agent: false,
        signal,
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
          ...(this.#token !== undefined && { Authorization: this.#token }),
        },
      });
      sent.on('response', resolve);
      sent.on('error', reject);
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
    throw status === 200 ? notUnderstood() : new EtcdRefusal(`HTTP status ${status}`, 0);
  }
  if (status === 200) return answer;
  const { message, error, code } = isObject(answer) ? answer : {};
  const shown = isText(message) ? message : isText(error) ? error : `HTTP status ${status}`;
  throw new EtcdRefusal(shown, isNumber(code) ? code : 0);
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer in ${ANSWER_MILLISECONDS / 1000} s`;
  // A host with several addresses fails with one error for each.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  return (first?.message ?? error.message).trim();
}
