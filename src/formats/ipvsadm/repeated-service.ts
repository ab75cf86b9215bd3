import { type Service, serviceFamily, serviceKey } from '../../model/service.ts';
import { EndpointInText } from './grammar/endpoint-in-text.ts';
import type { LastService } from './grammar/take-option.ts';

/** A line that adds a service, as `ipvsadm -S` writes it, cut before and after the service. */
const SHAPE = /^(-A -[tu] )(\S+)((?: [-\w.,]+)*)$/;

/** Lines that differ in the service alone. */
export class RepeatedService {
  readonly #last: LastService;
  #like: Service | undefined;
  readonly #endpoint = new EndpointInText();
  #head = '';
  #tail = '';

  /** @param last where the service of a line that matches is left, for the lines of its servers. */
  constructor(last: LastService) {
    this.#last = last;
  }

  learn(line: string, service: Service): void {
    const [, head, , tail] = SHAPE.exec(line) ?? [];
    if (head === undefined || tail === undefined) return;
    this.#like = service;
    this.#head = head;
    this.#tail = tail;
  }

  matches(text: string, start: number, end: number): boolean {
    const like = this.#like?.identity;
    if (like?.kind !== 'address' || !text.startsWith(this.#head, start)) return false;
    const nameStart = start + this.#head.length;
    const nameEnd = end - this.#tail.length;
    if (nameEnd <= nameStart || !text.startsWith(this.#tail, nameEnd)) return false;
    const endpoint = this.#endpoint;
    // Port 0 is not for every service.
    if (
      !endpoint.read(text, nameStart, nameEnd) ||
      endpoint.port === 0 ||
      endpoint.family !== serviceFamily(like)
    )
      return false;
    this.#last.text = text.slice(nameStart, nameEnd);
    this.#last.identity = {
      kind: 'address',
      protocol: like.protocol,
      address: endpoint.address,
      port: endpoint.port,
    };
    return true;
  }

  /** What the line that matched adds. */
  service(): Service {
    const { identity } = this.#last;
    if (!this.#like || !identity) throw new Error('no line has matched');
    return { ...this.#like, key: serviceKey(identity), identity };
  }
}
