import {
  isCount,
  isFlag,
  isNumber,
  isObject,
  isText,
  isTime,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  optional,
  type Shape,
} from '../../model/shape.ts';
import type { Caller } from '../caller.ts';
import type { StoredObject } from '../records/stored-table.ts';
import type {
  BeginLine,
  EndLine,
  JournalFile,
  JournalLine,
  JournalOperation,
  JournalOverride,
  OutcomesLine,
  Trigger,
  WaveLine,
} from './journal-lines.ts';

/**
 * Parses a line of a journal that any release wrote. Returns undefined for one that is damaged, cut
 * short, or of another version of the format.
 */
export function parseLine(text: string): JournalLine | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isLine(line) ? line : undefined;
}

const isFields = mapOf((value): value is string | number | boolean =>
  [isText, isNumber, isFlag].some((shape) => shape(value)),
);

const isStoredObject: Shape<StoredObject> = (value): value is StoredObject =>
  isFields(value) && isText(value.key);

const isBegin = objectOf<BeginLine>({
  type: oneOf(['begin']),
  version: oneOf([1]),
  run: isText,
  time: isTime,
  pid: isCount,
  boot: isText,
  netns: isText,
  caller: optional(
    objectOf<Caller>({
      uid: isCount,
      user: optional(isText),
      sudo_user: optional(isText),
      command: listOf(isText),
    }),
  ),
  verb: isText,
  // A later release can have other triggers.
  trigger: isText as Shape<Trigger>,
  files: listOf(objectOf<JournalFile>({ path: isText, sha256: isText })),
  changes: isCount,
  operations: isCount,
  names: optional(mapOf(isText)),
  by: optional(isText),
  overrides: optional(
    listOf(
      objectOf<JournalOverride>({
        service: isText,
        destination: isText,
        weight: isCount,
        owner: optional(isText),
        by: isText,
        reason: isText,
        until: optional(isText),
      }),
    ),
  ),
});

const isWave = objectOf<WaveLine>({
  type: oneOf(['wave']),
  run: isText,
  time: isTime,
  first: isCount,
  operations: listOf(
    objectOf<JournalOperation>({
      operation: isText,
      before: optional(isFields),
      after: optional(isFields),
      unchanged: optional(isFields),
      deleted: optional(listOf(isObject)),
      added: optional(listOf(isStoredObject)),
    }),
  ),
});

const isOutcomes = objectOf<OutcomesLine>({
  type: oneOf(['outcomes']),
  run: isText,
  time: isTime,
  first: isCount,
  done: isCount,
  refused: listOf(objectOf<OutcomesLine['refused'][number]>({ operation: isCount, errno: isText })),
  lost: optional(isText),
});

const isEnd = objectOf<EndLine>({
  type: oneOf(['end']),
  run: isText,
  time: isTime,
  outcome: isText,
  exit_code: optional(isNumber),
});

const isLine: Shape<JournalLine> = (value): value is JournalLine =>
  isBegin(value) || isWave(value) || isOutcomes(value) || isEnd(value);
