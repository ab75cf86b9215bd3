import type { Socket } from 'node:net';

/** A scrape needs one. More would only use up the descriptors of the daemon. */
const MAX_CONNECTIONS = 64;

/**
 * The connections of the HTTP server. When there are too many, the oldest one is closed: clients
 * that hold theirs open do not keep a probe away. Streams of events are kept; their number is
 * limited elsewhere, to fewer.
 */
export class OpenConnections {
  readonly #open = new Set<Socket>();
  readonly #kept = new Set<Socket>();

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#kept.delete(socket);
    });
    const [oldest] = this.#open;
    if (this.#open.size + this.#kept.size > MAX_CONNECTIONS) oldest?.destroy();
  }

  /** Keeps the connection of a stream. */
  keep(socket: Socket): void {
    if (this.#open.delete(socket)) this.#kept.add(socket);
  }
}
