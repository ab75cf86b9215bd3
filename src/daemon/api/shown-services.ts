import type { ApiServices } from './documents.ts';

/** A service as clients have it: JSON of the summary without its plot, and of the plot. */
interface Shown {
  readonly summary: string;
  readonly plot: string;
}

/** The services that the clients of /events know, to send them only what has changed. */
export class ShownServices {
  #head: Omit<ApiServices, 'services'> | undefined;
  #shown: ReadonlyMap<string, Shown> = new Map();

  /**
   * Takes all services. Returns the JSON of the document that has the changed ones: with their
   * plots where those have changed as well.
   */
  update({ services, ...head }: ApiServices): string {
    const next = new Map<string, Shown>();
    const changed: string[] = [];
    for (const { plot, ...rest } of services) {
      const shown = { summary: JSON.stringify(rest), plot: JSON.stringify(plot ?? null) };
      next.set(rest.service, shown);
      const before = this.#shown.get(rest.service);
      if (before?.plot !== shown.plot) changed.push(withPlot(shown));
      else if (before.summary !== shown.summary) changed.push(shown.summary);
    }
    const removed = [...this.#shown.keys()].filter((key) => !next.has(key));
    this.#shown = next;
    this.#head = head;
    return documentOf({ ...head, removed }, changed);
  }

  /** The JSON of the document of all services. */
  whole(): string {
    return documentOf({ ...this.#head }, Array.from(this.#shown.values(), withPlot));
  }

  clear(): void {
    this.#shown = new Map();
    this.#head = undefined;
  }
}

function withPlot({ summary, plot }: Shown): string {
  return `${summary.slice(0, -1)},"plot":${plot}}`;
}

function documentOf(head: object, services: readonly string[]): string {
  return `${JSON.stringify(head).slice(0, -1)},"services":[${services.join(',')}]}`;
}
