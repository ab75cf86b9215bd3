import type { EntryLayout, Layout, ServiceLayout } from '../config/layout.ts';
import type { DestinationKey } from '../model/destination.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ServiceEntry } from '../model/table.ts';

/**
 * Collects the comments of a text, in its order, for the entries that they are about. An empty line
 * separates a comment from the entry after it. A comment that holds an entry, which a person took
 * out, belongs to the entries before it.
 */
export interface Comments {
  /** Adds a comment on a line of its own, without its mark. */
  readonly add: (text: string, isEntry?: boolean) => void;
  readonly addEmptyLine: () => void;
  readonly addService: (key: ServiceKey) => void;
  readonly addDestination: (service: ServiceKey, destination: DestinationKey) => void;
  /** Adds a line that is no entry, such as a setting of the whole file. */
  readonly addOther: () => void;
  /** Adds the comment at the end of the last entry or other line. */
  readonly addBeside: (text: string) => void;
  /** Comments about entries that the table does not have go to the nearest place that it has. */
  readonly toLayout: (services: ReadonlyMap<ServiceKey, ServiceEntry>) => Layout;
}

interface Entry {
  readonly above: string[];
  readonly beside: string[];
}

interface ServiceComments extends Entry {
  readonly destinations: Map<DestinationKey, Entry>;
  readonly below: string[];
}

interface Pending {
  readonly text: string;
  readonly isEntry: boolean;
}

export function createComments(): Comments {
  const head: string[] = [];
  const tail: string[] = [];
  const services = new Map<ServiceKey, ServiceComments>();
  let pending: Pending[] = [];
  let service: ServiceKey | undefined;
  let destination: DestinationKey | undefined;
  /** True when no empty line and no other line is between the last entry and this place. */
  let followsEntry = false;

  const serviceOf = (key: ServiceKey): ServiceComments => {
    const known = services.get(key);
    if (known) return known;
    const created = { above: [], beside: [], destinations: new Map(), below: [] };
    services.set(key, created);
    return created;
  };
  const entryOf = (key: ServiceKey, of?: DestinationKey): Entry => {
    const found = serviceOf(key);
    if (of === undefined) return found;
    const known = found.destinations.get(of);
    if (known) return known;
    const created = { above: [], beside: [] };
    found.destinations.set(of, created);
    return created;
  };
  /** Moves the first comments that wait for their place. */
  const move = (into: string[], count = pending.length): void => {
    for (const { text } of withoutLastEmpty(pending.slice(0, count))) into.push(text);
    pending = pending.slice(count);
  };
  const beforeEntries = (): string[] => (service === undefined ? head : serviceOf(service).below);

  return {
    add: (text, isEntry = false) => {
      pending.push({ text, isEntry });
    },
    addEmptyLine: () => {
      if (pending.length > 0 && (service === undefined || followsEntry)) move(beforeEntries());
      else if (pending.length > 0) pending.push({ text: '', isEntry: false });
      followsEntry = false;
    },
    addService: (key) => {
      if (pending.length > 0) {
        const entries = pending.findLastIndex(({ isEntry }) => isEntry) + 1;
        if (service !== undefined && entries > 0) move(beforeEntries(), entries);
        if (pending.length > 0) move(entryOf(key).above);
      }
      service = key;
      destination = undefined;
      followsEntry = true;
    },
    addDestination: (key, of) => {
      if (pending.length > 0) move(entryOf(key, of).above);
      service = key;
      destination = of;
      followsEntry = true;
    },
    addOther: () => {
      if (service === undefined) move(head);
      followsEntry = false;
    },
    addBeside: (text) => {
      if (service !== undefined && followsEntry) entryOf(service, destination).beside.push(text);
      else if (service === undefined) head.push(text);
      else pending.push({ text, isEntry: false });
    },
    toLayout: (table) => {
      if (pending.length > 0) move(service && followsEntry ? beforeEntries() : tail);
      const kept = new Map<ServiceKey, ServiceLayout>();
      for (const [key, comments] of services) {
        const entry = table.get(key);
        if (entry) kept.set(key, toServiceLayout(comments, entry));
        else for (const text of allOf(comments)) tail.push(text);
      }
      return { head, services: kept, tail };
    },
  };
}

function withoutLastEmpty(comments: readonly Pending[]): readonly Pending[] {
  const last = comments.findLastIndex(({ text }) => text !== '');
  return comments.slice(0, last + 1);
}

function toServiceLayout(comments: ServiceComments, { destinations }: ServiceEntry): ServiceLayout {
  const kept = new Map<DestinationKey, EntryLayout>();
  const below = [...comments.below];
  for (const [key, entry] of comments.destinations) {
    if (destinations.has(key)) kept.set(key, toEntryLayout(entry));
    else for (const text of allOf(entry)) below.push(text);
  }
  return { ...toEntryLayout(comments), destinations: kept, below };
}

function toEntryLayout({ above, beside }: Entry): EntryLayout {
  return { above, ...(beside.length > 0 && { beside: beside.join(' ') }) };
}

function* allOf(entry: Entry | ServiceComments): Generator<string, undefined> {
  yield* entry.above;
  yield* entry.beside;
  if (!('below' in entry)) return;
  for (const each of entry.destinations.values()) yield* allOf(each);
  yield* entry.below;
}

/** The text of a comment without its mark, and without the blanks around it. */
export function commentText(line: string): string {
  return line.replace(/^[#!]/, '').trim();
}
