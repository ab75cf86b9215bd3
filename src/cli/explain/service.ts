import { formatOf } from '../../formats/formats.ts';
import type { ServiceOrigins } from '../../model/origin.ts';
import type { ServiceKey } from '../../model/service.ts';
import { explain } from '../../plan/explain/explain.ts';
import type { Explanation } from '../../plan/explain/explanation.ts';
import { findDestination, findService } from '../../plan/find-service.ts';
import type { Loaded } from '../../sources/load.ts';
import type { ValidConfiguration } from '../load-valid.ts';
import type { Live } from './live.ts';

/** Explains the service, or its destination, that a command line names. Throws `USAGE`. */
export async function explainService(
  service: string,
  destination: string | undefined,
  { desired, sources, node }: ValidConfiguration,
  { surroundings }: Live,
): Promise<Explanation> {
  const live = surroundings.snapshot?.table.services;
  const key = findService(service, {
    keys: [...desired.services.keys(), ...(live?.keys() ?? [])],
    names: desired.names,
  });
  const known = [desired.services.get(key), live?.get(key)];
  const subject = {
    service: key,
    destination:
      destination === undefined
        ? undefined
        : findDestination(
            destination,
            key,
            known.flatMap((entry) => [...(entry?.destinations.keys() ?? [])]),
          ),
  };
  const origins = await originsOf(key, desired.locate(key)?.file, sources, node);
  return explain(subject, desired, origins, surroundings);
}

/** Reads the file that has a service again, and this time records where its values come from. */
async function originsOf(
  service: ServiceKey,
  file: string | undefined,
  sources: Loaded['sources'],
  node: string | undefined,
): Promise<ServiceOrigins | undefined> {
  const text = file === undefined ? undefined : sources.get(file);
  if (file === undefined || text === undefined) return undefined;
  const options = { explained: service, ...(node !== undefined && { node }) };
  return (await formatOf(text, file).parse(text, file, options)).origins;
}
