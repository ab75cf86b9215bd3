import type { ServiceKey } from '../../model/service.ts';
import type { ApiServices, Plot, ServiceSummary } from './documents.ts';

/** All services at one time. */
export interface ServicesNow {
  readonly head: Omit<ApiServices, 'services'>;
  /** The summaries without their plots. */
  readonly summaries: Iterable<ServiceSummary>;
  /** Another number each time that plots have changed. */
  readonly plotRevision: number;
  readonly plotOf: (key: ServiceKey) => Plot | null;
}

/** A service as clients have it: JSON of the summary without its plot, and of the plot. */
interface Shown {
  readonly summary: string;
  readonly plot: string;
}

/** The services that the clients of /events know, to send them only what has changed. */
export class ShownServices {
  #head: ServicesNow['head'] | undefined;
  #shown: ReadonlyMap<string, Shown> = new Map();
  #plotRevision: number | undefined;

  /**
   * Takes all services. Returns the JSON of the document that has the changed ones: with their
   * plots where those have changed as well.
   */
  update({ head, summaries, plotRevision, plotOf }: ServicesNow): string {
    const next = new Map<string, Shown>();
    const changed: string[] = [];
    const arePlotsSame = plotRevision === this.#plotRevision;
    for (const summary of summaries) {
      const { service } = summary;
      const before = this.#shown.get(service);
      const plot =
        before && arePlotsSame ? before.plot : JSON.stringify(plotOf(service as ServiceKey));
      const shown = { summary: JSON.stringify(summary), plot };
      next.set(service, shown);
      if (before?.plot !== plot) changed.push(withPlot(shown));
      else if (before.summary !== shown.summary) changed.push(shown.summary);
    }
    const removed = [...this.#shown.keys()].filter((key) => !next.has(key));
    this.#shown = next;
    this.#head = head;
    this.#plotRevision = plotRevision;
    return documentOf({ ...head, removed }, changed);
  }

  /** The JSON of the document of all services. */
  whole(): string {
    return documentOf({ ...this.#head }, Array.from(this.#shown.values(), withPlot));
  }

  clear(): void {
    this.#shown = new Map();
    this.#head = undefined;
    this.#plotRevision = undefined;
  }
}

function withPlot({ summary, plot }: Shown): string {
  return `${summary.slice(0, -1)},"plot":${plot}}`;
}

function documentOf(head: object, services: readonly string[]): string {
  return `${JSON.stringify(head).slice(0, -1)},"services":[${services.join(',')}]}`;
}
