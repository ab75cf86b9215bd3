import type { Origin } from '../../model/origin.ts';
import type { Explanation, LiveState } from '../../plan/explain/explanation.ts';
import { formatJson, type Json } from '../json.ts';
import { formatInfluence } from './influence.ts';

/** A read of the live table, or a plan for it, that failed. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

const LIVE: Readonly<Record<LiveState, string>> = {
  there: 'there',
  missing: 'missing',
  'not read': 'not-read',
};

/** The JSON document of a service or a destination (schemas/explanation.schema.json). */
export function formatExplanationJson(
  explanation: Explanation,
  problem: Problem | undefined,
): string {
  const { service, destination, name, position, influences } = explanation;
  const hasLive = explanation.live === 'there';
  return formatJson({
    format: 'ipvstate-explanation',
    version: 1,
    subject: destination === undefined ? 'service' : 'destination',
    service,
    ...(destination !== undefined && { destination }),
    name: name ?? null,
    declared: explanation.isDesired,
    position: position ? { ...position } : null,
    live: LIVE[explanation.live],
    action: explanation.action ?? null,
    attributes: explanation.attributes.map((attribute) => ({
      name: attribute.name,
      ...(explanation.isDesired && {
        declared: attribute.desired ?? null,
        origin: originJson(attribute.origin),
      }),
      ...(hasLive && attribute.live !== undefined && { live: attribute.live }),
      ...(attribute.planned !== undefined && { planned: attribute.planned }),
    })),
    influences: influences.map((influence) => ({
      kind: influence.kind,
      message: formatInfluence(influence, explanation),
    })),
    ...(destination === undefined && {
      destinations: explanation.destinations.map((each) => ({
        destination: each.destination,
        declared: each.isDesired,
        position: each.position ? { ...each.position } : null,
        live: LIVE[each.live],
        action: each.action ?? null,
      })),
    }),
    problem: problem
      ? { code: problem.code, message: problem.message, hint: problem.hint ?? null }
      : null,
  });
}

/** A value that no file has is built in. */
function originJson(origin: Origin | undefined): Json {
  if (!origin) return { kind: 'built-in', name: null, position: null };
  const { kind, name = null, position } = origin;
  return { kind, name, position: { ...position } };
}
