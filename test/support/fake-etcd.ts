import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  readonly value: string;
  readonly created: number;
  readonly revision: number;
  readonly lease?: string;
}

interface Range {
  readonly range_end?: string;
  readonly limit?: string;
  readonly keys_only?: boolean;
  readonly sort_target?: string;
}

interface Request {
  readonly request_put?: { readonly key: string; readonly value: string; readonly lease?: string };
  readonly request_range?: Range & { readonly key: string };
  readonly request_delete_range?: { readonly key: string };
}

interface Compare {
  readonly key: string;
  readonly target: 'CREATE' | 'MOD';
  readonly create_revision?: string;
  readonly mod_revision?: string;
}

interface RequestBody extends Range {
  readonly key?: string;
  readonly value?: string;
  readonly compare?: readonly Compare[];
  readonly success?: readonly Request[];
  readonly ID?: string;
  readonly create_request?: Range & { readonly key: string };
  readonly TTL?: string;
  readonly name?: string;
  readonly password?: string;
}

/** The kind of a transaction. */
interface Transaction {
  /** True when it writes the key `current`. */
  readonly isCommit: boolean;
  /** The keys that it writes. */
  readonly keys: readonly string[];
}

/** An answer that is no success. */
interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

/** Largest request, as etcd has it. */
const MAX_REQUEST_BYTES = 1.5 * 1024 * 1024;

/** The JSON gateway of an etcd in memory, as far as this program uses it. */
export class FakeEtcd {
  readonly #keys = new Map<string, Stored>();
  readonly #watchers = new Map<ServerResponse, { readonly key: string; readonly end?: string }>();
  #revision = 1;
  #server: Server | undefined;
  #port = 0;
  #tokens = new Set<string>();
  /** A user with a password; undefined: everybody may do everything. */
  user: { readonly name: string; readonly password: string } | undefined;
  /** The identity of the cluster, which it gets when it is created. */
  clusterId = '1';
  /** Every request gets this answer. */
  refusal: Refusal | undefined;
  /** Every request with a token from before gets this answer. */
  set refusesOldTokens(refusal: Refusal | undefined) {
    this.#oldTokens = refusal && { refusal, tokens: new Set(this.#tokens) };
  }
  #oldTokens: { readonly refusal: Refusal; readonly tokens: ReadonlySet<string> } | undefined;
  /** Every request gets this text, as if it were a success. */
  rawAnswer: string | undefined;
  /** Requests get no answer. */
  isSilent = false;
  /** The number of requests of each kind. */
  readonly requests = new Map<string, number>();
  /** The seconds of each lease: they do not pass. */
  readonly #leases = new Map<string, string>();
  readonly #ranges = new Map<string, number>();
  /** Called before a transaction is decided. A commit writes the key `current`. */
  onTransaction: ((transaction: Transaction) => void | Promise<void>) | undefined;
  /** Called after a transaction was decided. The answer is lost when it returns true. */
  losesAnswer: ((transaction: Transaction) => boolean) | undefined;

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Starts, with all its keys, on the same port as before. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    this.#watchers.clear();
  }

  /** How often a key was asked for. */
  rangeCount(key: string): number {
    return this.#ranges.get(base64(key)) ?? 0;
  }

  /** Forgets all tokens, as etcd does when it starts, or after some minutes. */
  forgetTokens(): void {
    this.#tokens.clear();
  }

  get(key: string): string | undefined {
    const stored = this.#keys.get(base64(key));
    return stored && Buffer.from(stored.value, 'base64').toString();
  }

  put(key: string, value: string): void {
    this.#write(base64(key), base64(value));
  }

  /** The revision in which a key was last written. */
  revisionOf(key: string): string {
    return String(this.#keys.get(base64(key))?.revision);
  }

  get leaseCount(): number {
    return this.#leases.size;
  }

  /** Ends every lease, as time does when nobody keeps it. */
  expireLeases(): void {
    for (const lease of this.#leases.keys()) this.#revoke(lease);
  }

  /** Gives all leases another time to live, as a new leader does. */
  prolongLeases(seconds: number): void {
    for (const lease of this.#leases.keys()) this.#leases.set(lease, String(seconds));
  }

  #revoke(lease: string): void {
    this.#leases.delete(lease);
    for (const [key, stored] of this.#keys) if (stored.lease === lease) this.#delete(key);
    this.#revision++;
  }

  delete(key: string): void {
    this.#delete(base64(key));
  }

  keys(): string[] {
    return [...this.#keys.keys()].map(plain).sort();
  }

  /** Deletes every key. */
  clear(): void {
    this.#keys.clear();
    this.#revision++;
  }

  /** A copy of all keys, for `restore`. */
  backup(): ReadonlyMap<string, Stored> {
    return new Map(this.#keys);
  }

  restore(keys: ReadonlyMap<string, Stored>): void {
    this.#keys.clear();
    for (const [key, stored] of keys) this.#keys.set(key, stored);
  }

  /** Tells the watches of now nothing any more, as when a member has vanished from the network. */
  muteWatches(): void {
    this.#watchers.clear();
  }

  /** Ends every watch, as a compaction does. */
  cancelWatches(): void {
    for (const watcher of this.#watchers.keys()) {
      const result = { header: this.#header, canceled: true, compact_revision: '5' };
      watcher.end(`${JSON.stringify({ result })}\n`);
    }
    this.#watchers.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    this.requests.set(path, (this.requests.get(path) ?? 0) + 1);
    if (this.isSilent) return;
    if (this.rawAnswer !== undefined) {
      response.end(this.rawAnswer);
      return;
    }
    const text = Buffer.concat(chunks).toString();
    const isKnown = this.#tokens.has(request.headers.authorization ?? '');
    try {
      if (this.refusal) throw this.refusal;
      if (this.user && path !== '/v3/auth/authenticate' && !isKnown)
        throw { status: 401, code: 16, message: 'etcdserver: invalid auth token' };
      if (this.#oldTokens?.tokens.has(request.headers.authorization ?? ''))
        throw this.#oldTokens.refusal;
      if (text.length > (MAX_REQUEST_BYTES * 4) / 3)
        throw { status: 400, code: 3, message: 'etcdserver: request is too large' };
      const body = JSON.parse(text) as RequestBody;
      if (path === '/v3/kv/txn') await this.onTransaction?.(aboutTransaction(body));
      this.#dispatch(path, body, response);
    } catch (error) {
      const { status, code, message } = error as Refusal;
      response.writeHead(status ?? 500).end(JSON.stringify({ error: message, message, code }));
    }
  }

  #dispatch(path: string, body: RequestBody, response: ServerResponse): void {
    if (path === '/v3/watch') {
      const { key = '', range_end: end } = body.create_request ?? {};
      this.#watchers.set(response, { key, ...(end !== undefined && { end }) });
      response.on('close', () => this.#watchers.delete(response));
      response.write(`${JSON.stringify({ result: { header: this.#header, created: true } })}\n`);
      return;
    }
    const answer = this.#answerOf(path, body);
    if (path === '/v3/kv/txn' && this.losesAnswer?.(aboutTransaction(body))) {
      response.destroy();
      return;
    }
    response.end(JSON.stringify({ header: this.#header, ...answer }));
  }

  get #header(): object {
    return { cluster_id: this.clusterId, member_id: '2', revision: String(this.#revision) };
  }

  #answerOf(path: string, body: RequestBody): object {
    const { key = '', value = '' } = body;
    switch (path) {
      case '/v3/auth/authenticate': {
        const { user } = this;
        if (body.name !== user?.name || body.password !== user?.password)
          throw { status: 400, code: 3, message: 'etcdserver: authentication failed' };
        const token = `token-${this.requests.get(path)}`;
        this.#tokens.add(token);
        return { token };
      }
      case '/v3/kv/range':
        return this.#range(key, body);
      case '/v3/kv/put':
        this.#write(key, value);
        return {};
      case '/v3/kv/txn': {
        const succeeded = (body.compare ?? []).every((compare) => this.#holds(compare));
        if (!succeeded) return {};
        const responses = (body.success ?? []).map((each) => {
          const { request_put: put, request_range: range, request_delete_range: deleted } = each;
          if (put) this.#write(put.key, put.value, put.lease);
          if (deleted) this.#delete(deleted.key);
          return range ? { response_range: this.#range(range.key, range) } : {};
        });
        return { succeeded, responses };
      }
      case '/v3/kv/deleterange': {
        const deleted = [...this.#within(key, body.range_end)];
        for (const each of deleted) this.#delete(each);
        // As all numbers of etcd, zero is left out.
        return deleted.length === 0 ? {} : { deleted: String(deleted.length) };
      }
      case '/v3/lease/grant': {
        const lease = String(7_000_000_000_000_000 + ++this.#revision);
        this.#leases.set(lease, body.TTL ?? '');
        return { ID: lease, TTL: body.TTL };
      }
      case '/v3/lease/keepalive': {
        const { ID: id = '' } = body;
        return { result: { ID: id, ...(this.#leases.has(id) && { TTL: '15' }) } };
      }
      case '/v3/lease/timetolive': {
        const { ID: id = '' } = body;
        return { ID: id, TTL: this.#leases.get(id) ?? '-1' };
      }
      case '/v3/lease/revoke':
        this.#revoke(body.ID ?? '');
        return {};
      default:
        throw { status: 404, code: 5, message: 'Not Found' };
    }
  }

  #within(
    key: string,
    end: string | undefined,
    keys: Iterable<string> = this.#keys.keys(),
  ): readonly string[] {
    const found = [...keys].filter((each) => {
      if (end === undefined) return each === key;
      return plain(each) >= plain(key) && plain(each) < plain(end);
    });
    return found.sort((a, b) => (plain(a) < plain(b) ? -1 : 1));
  }

  /** Leaves empty values out, as the gateway does. */
  #range(key: string, { range_end: end, limit, keys_only, sort_target }: Range): object {
    this.#ranges.set(key, (this.#ranges.get(key) ?? 0) + 1);
    const found = [...this.#within(key, end)];
    const revisionOf = (each: string): number => this.#keys.get(each)?.revision ?? 0;
    // No caller sorts by it in the other direction.
    if (sort_target === 'MOD') found.sort((a, b) => revisionOf(b) - revisionOf(a));
    const kvs = found.slice(0, Number(limit ?? found.length)).flatMap((each) => {
      const stored = this.#keys.get(each);
      if (!stored) return [];
      const { value, created, revision, lease } = stored;
      return {
        ...{ key: each, create_revision: String(created), mod_revision: String(revision) },
        ...(value !== '' && !keys_only && { value }),
        ...(lease !== undefined && { lease }),
      };
    });
    if (kvs.length === 0) return {};
    return { kvs, count: String(found.length), ...(kvs.length < found.length && { more: true }) };
  }

  #holds({ key, target, create_revision, mod_revision }: Compare): boolean {
    const stored = this.#keys.get(key);
    return target === 'CREATE'
      ? String(stored?.created ?? 0) === create_revision
      : String(stored?.revision ?? 0) === mod_revision;
  }

  #write(key: string, value: string, lease?: string): void {
    if (lease !== undefined && !this.#leases.has(lease))
      throw { status: 404, code: 5, message: 'etcdserver: requested lease not found' };
    const revision = ++this.#revision;
    const created = this.#keys.get(key)?.created ?? revision;
    this.#keys.set(key, { value, created, revision, ...(lease !== undefined && { lease }) });
    this.#notify(key);
  }

  #delete(key: string): void {
    this.#revision++;
    if (this.#keys.delete(key)) this.#notify(key);
  }

  #notify(key: string): void {
    const result = { header: this.#header, events: [{ kv: { key } }] };
    for (const [watcher, { key: first, end }] of this.#watchers)
      if (end === undefined ? first === key : this.#within(first, end, [key]).length > 0)
        watcher.write(`${JSON.stringify({ result })}\n`);
  }
}

function aboutTransaction({ success = [] }: RequestBody): Transaction {
  const keys = success.map(({ request_put: put }) => plain(put?.key ?? ''));
  return { isCommit: keys.some((key) => key.endsWith('/current')), keys };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function plain(encoded: string): string {
  return Buffer.from(encoded, 'base64').toString();
}
