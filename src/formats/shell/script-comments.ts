import type { Layout } from '../../config/layout.ts';
import type { Desired } from '../../model/desired.ts';
import type { DestinationKey } from '../../model/destination.ts';
import type { ServiceKey } from '../../model/service.ts';
import { commentText, createComments } from '../comments.ts';
import { callsIpvsadm, looksLikeScript } from '../ipvsadm/looks-like-script.ts';

interface Entry {
  readonly service: ServiceKey;
  readonly destination: DestinationKey | undefined;
}

/** A line that begins a loop, and does not end it. */
const BEGINS_LOOP = /^(?:(?:for|while|until)\b(?!.*\bdone\b)|do[ \t]*(?:#|$))/;

/**
 * The comments of a script for the entries that its lines declare. A comment above another command
 * is about that command, and is left out; the first comment of the file, and calls of ipvsadm that
 * a person took out, are kept. A comment above a loop is about the first entry of the loop.
 * @param callEnds the end of each call by the places of its words
 */
export function layoutOf(
  text: string,
  { services, locate }: Desired,
  callEnds: ReadonlyMap<number, number>,
): Layout {
  const comments = createComments();
  const entries = entriesByLine(services, locate);
  const endsByLine = lineEnds(text, callEnds);
  let block: { readonly text: string; readonly isEntry: boolean }[] = [];
  let isTop = true;
  const flush = (isKept: boolean) => {
    for (const { text: comment, isEntry } of block)
      if (isKept || isEntry) comments.add(comment, isEntry);
    block = [];
  };
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    const found = entries.get(index + 1);
    if (found) {
      flush(true);
      for (const { service, destination } of found) {
        if (destination === undefined) comments.addService(service);
        else comments.addDestination(service, destination);
      }
      const beside = /^[\s;]*(?<=\s)#(.*)$/.exec(line.slice(endsByLine.get(index + 1) ?? Infinity));
      if (beside) comments.addBeside(beside[1]?.trim() ?? '');
    } else if (trimmed.startsWith('#')) {
      const content = commentText(trimmed);
      const isEntry = content.startsWith('-') ? looksLikeScript(content) : callsIpvsadm(content);
      if (!(index === 0 && trimmed.startsWith('#!'))) block.push({ text: content, isEntry });
      continue;
    } else if (trimmed === '') {
      flush(isTop);
      comments.addEmptyLine();
    } else {
      if (isTop || !BEGINS_LOOP.test(trimmed)) flush(isTop);
      comments.addOther();
    }
    if (trimmed !== '') isTop = false;
  }
  flush(isTop);
  return comments.toLayout(services);
}

function entriesByLine(
  services: Desired['services'],
  locate: Desired['locate'],
): ReadonlyMap<number, readonly Entry[]> {
  const entries = new Map<number, Entry[]>();
  const add = (service: ServiceKey, destination?: DestinationKey) => {
    const line = locate(service, destination)?.line;
    if (line === undefined) return;
    const others = entries.get(line);
    if (others) others.push({ service, destination });
    else entries.set(line, [{ service, destination }]);
  };
  for (const [service, { destinations }] of services) {
    add(service);
    for (const destination of destinations.keys()) add(service, destination);
  }
  return entries;
}

/** The column after the last call of each line. */
function lineEnds(
  text: string,
  callEnds: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const ends = [...new Set(callEnds.values())].sort((a, b) => a - b);
  const byLine = new Map<number, number>();
  let line = 1;
  let start = 0;
  for (const end of ends) {
    for (let next = text.indexOf('\n', start); next !== -1 && next < end; ) {
      line++;
      start = next + 1;
      next = text.indexOf('\n', start);
    }
    byLine.set(line, end - start);
  }
  return byLine;
}
