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
  #now: ServicesNow | undefined;
  readonly #shown = new Map<string, Shown>();

  /**
   * Takes all services. Returns the JSON of the document that has the changed ones: with their
   * plots where those have changed as well.
   */
  update(now: ServicesNow): string {
    const { head, summaries, plotRevision, plotOf } = now;
    if (now === this.#now) return documentOf({ ...head, removed: [] }, []);
    const changed: string[] = [];
    const gone = new Set(this.#shown.keys());
    const arePlotsSame = plotRevision === this.#now?.plotRevision;
    for (const summary of summaries) {
      const { service } = summary;
      gone.delete(service);
      const before = this.#shown.get(service);
      const plot =
        before && arePlotsSame ? before.plot : JSON.stringify(plotOf(service as ServiceKey));
      const shown = { summary: JSON.stringify(summary), plot };
      const hasPlot = before?.plot !== plot;
      if (!hasPlot && before.summary === shown.summary) continue;
      this.#shown.set(service, shown);
      changed.push(hasPlot ? withPlot(shown) : shown.summary);
    }
    for (const service of gone) this.#shown.delete(service);
    this.#now = now;
    return documentOf({ ...head, removed: [...gone] }, changed);
  }

  /** The JSON of the document of all services. */
  whole(): string {
    return documentOf({ ...this.#now?.head }, Array.from(this.#shown.values(), withPlot));
  }

  clear(): void {
    this.#shown.clear();
    this.#now = undefined;
  }
}

function withPlot({ summary, plot }: Shown): string {
  return `${summary.slice(0, -1)},"plot":${plot}}`;
}

function documentOf(head: object, services: readonly string[]): string {
  return `${JSON.stringify(head).slice(0, -1)},"services":[${services.join(',')}]}`;
}
