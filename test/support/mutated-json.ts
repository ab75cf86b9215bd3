import fc from 'fast-check';

type Json = unknown;

/** One edit of a JSON document: at a place that `where` picks, by `how`. */
interface Mutation {
  readonly where: number;
  readonly how: 'replace' | 'delete' | 'add' | 'repeat';
  readonly value: Json;
}

/** Values that a careless program, an editor or another version leaves in a document. */
const junk = fc.oneof(
  fc.constantFrom<Json>(
    ...[null, true, false, 0, 1, -1, 1.5, 2 ** 31, 2 ** 40, 1e300, '', 'x', '0', '-1', 'a\0b'],
    ...['tcp://192.0.2.1:80', '10.0.0.1:80', '2026-05-04T12:00:00Z', 'x'.repeat(300)],
    ...[[], {}, [null], { x: null }],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

const mutation: fc.Arbitrary<Mutation> = fc.record({
  where: fc.nat(),
  how: fc.constantFrom('replace', 'replace', 'delete', 'add', 'repeat'),
  value: junk,
});

/** Mutations for `mutate`. */
export const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });

/** Returns a document with one to three places changed. */
export function mutate<T>(document: T, edits: readonly Mutation[]): T {
  const copy: Holder = { root: structuredClone(document) };
  for (const { where, how, value } of edits) {
    const places = placesOf(copy);
    const [holder, key] = places[where % places.length] ?? [copy, 'root'];
    if (how === 'replace') holder[key] = structuredClone(value);
    else if (how === 'add') addTo(holder[key], structuredClone(value));
    else if (how === 'delete') remove(holder, key);
    else if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
  }
  return copy.root as T;
}

function remove(holder: Holder, key: string): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (key !== 'root') delete holder[key];
}

type Holder = Record<string, Json>;

function addTo(target: Json, value: Json): void {
  if (Array.isArray(target)) target.push(value);
  else if (typeof target === 'object' && target !== null) (target as Holder).extra = value;
}

/** Every member and item of a document, as its holder and key. */
function placesOf(holder: object): [Holder, string][] {
  return Object.entries(holder).flatMap(([key, value]) => [
    [holder as Holder, key] as [Holder, string],
    ...(typeof value === 'object' && value !== null ? placesOf(value) : []),
  ]);
}
