import { describe, expect, it } from 'vitest';
import { decodeDocument, encodeDocument } from '../../src/fleet/document.ts';
import { nextProgress, type SeenRollout } from '../../src/fleet/progress.ts';
import { NODE_PROGRESS } from '../../src/fleet/rollout.ts';

const SEEN: SeenRollout = {
  ...{ generation: 2, round: 0, soakSeconds: 60, halt: undefined, isDone: false },
  ...{ isTaken: true, basis: '', lookMilliseconds: 0 },
};

describe('the progress of a node', () => {
  it('is soaked when the table was good for the whole time', () => {
    const first = nextProgress(undefined, SEEN, 'good', 100);
    expect(first.progress.stage).toBe('taken');
    expect(nextProgress(first, SEEN, 'good', 159).progress.stage).toBe('taken');
    expect(nextProgress(first, SEEN, 'good', 160).progress.stage).toBe('soaked');
  });

  it('measures the time anew after an interruption and after a start of the daemon', () => {
    const first = nextProgress(undefined, SEEN, 'good', 100);
    const paused = nextProgress(first, SEEN, 'pending', 130);
    const again = nextProgress(paused, SEEN, 'good', 131);
    expect(nextProgress(again, SEEN, 'good', 165).progress.stage).toBe('taken');
    const told = { progress: first.progress, goodSince: undefined };
    expect(nextProgress(told, SEEN, 'good', 165).progress.stage).toBe('taken');
  });

  it('stays failed until the rollout is resumed', () => {
    const failed = nextProgress(undefined, SEEN, 'bad', 100);
    const later = nextProgress(failed, SEEN, 'good', 200);
    expect(later.progress.stage).toBe('failed');
    const withoutIt = nextProgress(failed, { ...SEEN, isTaken: false }, 'pending', 200);
    expect(withoutIt.progress.stage).toBe('failed');
    const resumed = nextProgress(later, { ...SEEN, round: 1 }, 'good', 201);
    expect(resumed.progress).toMatchObject({ stage: 'taken', round: 1 });
  });

  it('tells no longer reason of a halt than its readers take', () => {
    const seen = { ...SEEN, halt: 'x'.repeat(5000) };
    const told = { ...nextProgress(undefined, seen, 'good', 1).progress, stopped: false };
    const read = decodeDocument('key', encodeDocument(NODE_PROGRESS, told), NODE_PROGRESS);
    expect(read.halt).toHaveLength(500);
  });
});
