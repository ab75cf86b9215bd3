import { readFile } from 'node:fs/promises';
import type { Protocol } from '../model/service.ts';

/** The names of ports, as the C library reads them from /etc/services. */
export interface ServiceNames {
  port(name: string, protocol: Protocol): number | undefined;
  name(port: number, protocol: Protocol): string | undefined;
}

/** Reads the text of an /etc/services: a name, `port/protocol`, aliases, and comments. The first line that fits wins. */
export function parseServiceNames(text: string): ServiceNames {
  const ports = new Map<string, number>();
  const names = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [name, entry = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [, port, protocol] = /^(\d{1,5})\/(\w+)$/.exec(entry) ?? [];
    if (!name || port === undefined || protocol === undefined) continue;
    for (const word of [name, ...aliases])
      if (!ports.has(`${word}/${protocol}`)) ports.set(`${word}/${protocol}`, Number(port));
    if (!names.has(`${port}/${protocol}`)) names.set(`${port}/${protocol}`, name);
  }
  return {
    port: (name, protocol) => ports.get(`${name}/${protocol}`),
    name: (port, protocol) => names.get(`${port}/${protocol}`),
  };
}

/** This machine's names; none where it has no /etc/services. */
export async function readServiceNames(): Promise<ServiceNames> {
  return parseServiceNames(await readFile('/etc/services', 'utf8').catch(() => ''));
}
