import { type Command, type Modify, NO_CAUTIONS } from './grammar/command.ts';
import type { Failure } from './grammar/failure.ts';
import type { LastService } from './grammar/take-option.ts';
import { RepeatedServer } from './repeated-server.ts';
import { RepeatedService } from './repeated-service.ts';

const CAPITAL_A = 0x41;

/**
 * The lines of a large file mostly differ from an earlier one in nothing but addresses and weights. This keeps the last line that adds a
 * service and the last one that adds a server, and reads others by comparing what is the same: a quarter of the work of taking them
 * apart. Whatever deserves a message of its own does not match: names, unusual spellings, ports that are replaced, other families.
 */
export class RepeatedLine {
  readonly #last: LastService;
  readonly #service: RepeatedService;
  readonly #server: RepeatedServer;
  #isService = false;
  #at = 0;

  /** @param last of the rules by which the other lines are read. */
  constructor(last: LastService) {
    this.#last = last;
    this.#service = new RepeatedService(last);
    this.#server = new RepeatedServer(last);
  }

  /** Offset of the word in front of what the line that matched adds. */
  get at(): number {
    return this.#at;
  }

  /** Whether the line at `[start, end)` is like an earlier one. */
  matches(text: string, start: number, end: number): boolean {
    this.#isService = text.charCodeAt(start + 1) === CAPITAL_A;
    if (this.#isService) {
      this.#at = start + '-A '.length;
      return this.#service.matches(text, start, end);
    }
    if (!this.#server.matches(text, start, end)) return false;
    this.#at = this.#server.at;
    return true;
  }

  /** What the line that matched means. */
  command(): Modify {
    return {
      kind: 'modify',
      operation: this.#operation(),
      cautions: NO_CAUTIONS,
      serviceWord: undefined,
      serverWord: undefined,
    };
  }

  #operation(): Modify['operation'] {
    if (this.#isService) return { kind: 'add-service', service: this.#service.service() };
    const service = this.#last.identity;
    if (!service) throw new Error('no line has matched');
    return { kind: 'add-destination', service, destination: this.#server.destination() };
  }

  /** Keeps the line at `[start, end)`, which means this command, if there may be others like it. */
  learn(text: string, start: number, end: number, command: Command | Failure): void {
    if (command.kind !== 'modify' || command.cautions.length > 0) return;
    const { operation } = command;
    if (operation.kind === 'add-service') {
      if (operation.service.identity === this.#last.identity)
        this.#service.learn(text.slice(start, end), operation.service);
    } else if (operation.kind === 'add-destination') {
      if (operation.service === this.#last.identity)
        this.#server.learn(text.slice(start, end), operation.destination);
    }
  }
}
