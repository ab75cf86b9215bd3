import { script, style } from 'ipvstate:page';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiStatus } from '../../src/daemon/api/documents.ts';
import { formatLivePage } from '../../src/daemon/http/page-html.ts';
import type { ServiceDetail } from '../../src/daemon/page/documents.ts';
import type { FleetAnswer } from '../../src/daemon/page/fleet/fleet-documents.ts';
import { HISTORY, servicesDocumentOf, statusDocumentOf } from './samples.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the page with documents that a test makes. */
export class FixtureServer {
  status: ApiStatus = statusDocumentOf();
  services: readonly ServiceDetail[] = [];
  fleet: FleetAnswer | undefined;
  /** How often it was asked for the fleet. */
  fleetQuestions = 0;
  /** True when streams of events are taken and get no event. */
  isSilent = false;
  /** True when no stream of events is taken, because there are too many. */
  isFull = false;
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const answer = (type: string, body: string): void => {
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY });
      response.end(body);
    };
    switch (url.pathname) {
      case '/':
        return answer(
          'text/html; charset=utf-8',
          formatLivePage('ipvstate', 'State:      in sync'),
        );
      case '/page/app.js':
        return answer('text/javascript; charset=utf-8', script);
      case '/page/app.css':
        return answer('text/css; charset=utf-8', style);
      case '/fleet':
        return answer('text/html; charset=utf-8', formatLivePage('ipvstate', 'lb1  in-sync'));
      case '/api/v1/fleet':
        this.fleetQuestions++;
        if (!this.fleet) return void response.writeHead(503).end();
        return answer('application/json', JSON.stringify(this.fleet));
      case '/api/v1/history':
        return answer('application/json', JSON.stringify(HISTORY));
      case '/api/v1/status':
        return answer('application/json', JSON.stringify(this.status));
      case '/api/v1/services': {
        const open = url.searchParams.getAll('service');
        const found = this.services.filter(({ service }) => open.includes(service));
        const services = open.length > 0 ? found : this.services.map(summaryOf);
        return answer('application/json', JSON.stringify({ ...servicesDocumentOf([]), services }));
      }
      case '/events':
        if (this.isFull) return void response.writeHead(503).end();
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('retry: 100\n\n');
        this.#streams.add(response);
        response.on('close', () => this.#streams.delete(response));
        return this.#begin(response, url.searchParams.getAll('service'));
      default:
        response.writeHead(404).end();
    }
  });

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get clients(): number {
    return this.#streams.size;
  }

  /** Sends an event to all who follow. */
  send(event: string, document: object): void {
    for (const stream of this.#streams) write(stream, event, document);
  }

  /** Ends all connections, as a daemon that stops does. It can be started again. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #begin(stream: ServerResponse, open: readonly string[]): void {
    if (this.isSilent) return;
    write(stream, 'status', this.status);
    write(stream, 'services', {
      ...servicesDocumentOf([]),
      services: this.services.map(summaryOf),
    });
    for (const one of this.services)
      if (open.includes(one.service)) write(stream, 'service', servicesDocumentOf([one]));
  }
}

function summaryOf({ destinations_list: _, ...summary }: ServiceDetail): object {
  return summary;
}

function write(stream: ServerResponse, event: string, document: object): void {
  stream.write(`event: ${event}\ndata: ${JSON.stringify(document)}\n\n`);
}
