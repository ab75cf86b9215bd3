import { type Destination, type DestinationKey, MAX_WEIGHT } from '../../model/destination.ts';
import { readDigits } from '../../model/digits.ts';
import { keepsPort } from '../../model/rules.ts';
import { type Protocol, serviceFamily } from '../../model/service.ts';
import { EndpointInText } from './grammar/endpoint-in-text.ts';
import type { LastService } from './grammar/take-option.ts';

/** A line that adds a server, as `ipvsadm -S` writes it, cut before and after the service, the server and the weight. */
const SHAPE = /^(-a -[tu] )(\S+)( -r )\S+((?: [-\w.]+)*? -w )\d+((?: [-\w.]+)*)$/;

/** Lines that differ in the server, its weight, and perhaps the service, which then is that of the last line. */
export class RepeatedServer {
  readonly #last: LastService;
  #like: Destination | undefined;
  #protocol: Protocol = 'tcp';
  #head = '';
  #toServer = '';
  #toWeight = '';
  #tail = '';
  /** Of the line that matched. */
  readonly #endpoint = new EndpointInText();
  #at = 0;
  #weight = 0;

  constructor(last: LastService) {
    this.#last = last;
  }

  /** Offset of the word before the server. */
  get at(): number {
    return this.#at;
  }

  learn(line: string, destination: Destination): void {
    const { text, identity } = this.#last;
    const [, head, service, toServer, toWeight, tail] = SHAPE.exec(line) ?? [];
    if (
      head === undefined ||
      toServer === undefined ||
      toWeight === undefined ||
      tail === undefined
    )
      return;
    if (!identity || service !== text) return;
    this.#like = destination;
    this.#protocol = identity.protocol;
    this.#head = head;
    this.#toServer = toServer;
    this.#toWeight = toWeight;
    this.#tail = tail;
  }

  matches(text: string, start: number, end: number): boolean {
    const like = this.#like;
    const { text: service = '', identity } = this.#last;
    if (!like || identity?.protocol !== this.#protocol || !text.startsWith(this.#head, start))
      return false;
    const serviceStart = start + this.#head.length;
    const serviceEnd = serviceStart + service.length;
    if (!text.startsWith(service, serviceStart) || !text.startsWith(this.#toServer, serviceEnd))
      return false;
    const serverStart = serviceEnd + this.#toServer.length;
    const serverEnd = text.indexOf(' ', serverStart);
    if (serverEnd === -1 || !text.startsWith(this.#toWeight, serverEnd)) return false;
    const weightEnd = end - this.#tail.length;
    const weight = readDigits(text, serverEnd + this.#toWeight.length, weightEnd);
    if (weight === undefined || weight > MAX_WEIGHT || !text.startsWith(this.#tail, weightEnd))
      return false;

    const endpoint = this.#endpoint;
    if (!endpoint.read(text, serverStart, serverEnd)) return false;
    if (keepsPort(identity, like.forward) && endpoint.port !== identity.port) return false;
    if (like.forward !== 'tunnel' && endpoint.family !== serviceFamily(identity)) return false;
    this.#at = serviceEnd + 1;
    this.#weight = weight;
    return true;
  }

  /** What the line that matched adds. */
  destination(): Destination {
    const { address, port, formatted } = this.#endpoint;
    if (!this.#like) throw new Error('no line has matched');
    return { ...this.#like, key: formatted as DestinationKey, address, port, weight: this.#weight };
  }
}
