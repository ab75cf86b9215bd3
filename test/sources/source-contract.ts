import { describe, expect, test } from 'vitest';
import type { FollowedSource, Source } from '../../src/sources/source.ts';
import { eventually } from './watching.ts';

/** Content that a source can be given to read. Bytes are the content of its only document. */
export type SourceContent = Buffer | 'nothing' | 'too-much';

/** A source in a place that the test may change. */
export interface SourceSubject {
  readonly source: Source;
  /** undefined for a source that can be read only once. */
  readonly followed: FollowedSource | undefined;
  /** The name of the only document. */
  readonly name: string;
  change(content: SourceContent): Promise<void>;
}

/** The tests of every source. `use` opens one on a content, and removes it after the test. */
export function sourceContract(
  kind: string,
  use: (content: SourceContent, test: (subject: SourceSubject) => Promise<void>) => Promise<void>,
  { isFollowable }: { readonly isFollowable: boolean },
): void {
  describe(`the source ${kind}`, () => {
    test.each([
      ['text', Buffer.from('version: 1\n')],
      ['no byte', Buffer.alloc(0)],
      ['bytes that are not UTF-8', Buffer.from([0xef, 0xbb, 0xbf, 0xc3, 0x28, 0x00])],
    ])('reads %s as it is', (_, bytes) =>
      use(bytes, async ({ source, name }) => {
        expect(await source.read()).toEqual([{ name, bytes }]);
      }),
    );

    test('throws NO_INPUT when there is nothing to read, instead of returning no document', () =>
      use('nothing', async ({ source, followed, name }) => {
        await expect(source.read()).rejects.toMatchObject({
          code: 'NO_INPUT',
          message: expect.stringContaining(name),
        });
        if (followed) await expect(followed.read()).rejects.toMatchObject({ code: 'NO_INPUT' });
      }));

    test('throws CONFIG for more bytes than are ever read', () =>
      use('too-much', async ({ source, followed }) => {
        const refusal = { code: 'CONFIG', message: expect.stringMatching(/at most \d+ are read/) };
        await expect(source.read()).rejects.toMatchObject(refusal);
        if (followed) await expect(followed.read()).rejects.toMatchObject(refusal);
      }));

    if (!isFollowable) return;

    test('reads its current content again and again', () =>
      use(Buffer.from('one'), async ({ followed, name, change }) => {
        expect(await followed?.read()).toEqual([{ name, bytes: Buffer.from('one') }]);
        expect(await followed?.read()).toEqual([{ name, bytes: Buffer.from('one') }]);
        await change(Buffer.from('two'));
        expect(await followed?.read()).toEqual([{ name, bytes: Buffer.from('two') }]);
        await change('nothing');
        await expect(followed?.read()).rejects.toMatchObject({ code: 'NO_INPUT' });
      }));

    test('reports its beginning and each change until it is closed', () =>
      use('nothing', async ({ followed, change }) => {
        const seen: string[] = [];
        let reports = 0;
        const onChange = async () => {
          reports++;
          const read = await followed?.read().catch(() => undefined);
          seen.push(read?.[0]?.bytes.toString() ?? 'nothing');
        };
        const watch = await followed?.watch({ onChange, quietMilliseconds: 10 });
        const last = (text: string) => eventually(() => expect(seen.at(-1)).toBe(text));
        await last('nothing');
        for (const text of ['one', 'two']) {
          await change(Buffer.from(text));
          await last(text);
        }
        await change('nothing');
        await last('nothing');
        await watch?.close();
        // A report that began before may still be reading.
        const untilClosed = reports;
        await change(Buffer.from('three'));
        await followed?.read();
        expect(reports).toBe(untilClosed);
      }));
  });
}
