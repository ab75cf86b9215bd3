import { beforeEach, describe, expect, test } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { adding } from '../contract/operations.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeKernel } from '../support/fake-kernel/kernel.ts';

const TIMEOUT = 1000;
let kernel: FakeKernel;
let clock: FakeClock;
let ipvs: Ipvs;

beforeEach(async () => {
  kernel = new FakeKernel();
  clock = new FakeClock();
  ipvs = await openKernel({ openSocket: kernel.openSocket, clock, timeoutMilliseconds: TIMEOUT });
  await ipvs.info();
  return () => ipvs.close();
});

/** Waits until everything has happened that needs no answer of the kernel. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock beyond any deadline, even if its timer was started just before. */
function outwait(): void {
  clock.advance(TIMEOUT);
  clock.advance(TIMEOUT);
}

describe('a kernel that does not answer', () => {
  test('makes a wave fail with LOST after the timeout, not before', async () => {
    kernel.silent = true;
    let error: unknown;
    const wave = ipvs.execute(adding('fwmark:1')).catch((reason) => {
      error = reason;
    });
    await settle();
    clock.advance(TIMEOUT - 1);
    await settle();
    expect(error).toBeUndefined();
    clock.advance(1);
    clock.advance(TIMEOUT);
    await wave;
    expect(error).toMatchObject({ code: 'LOST', message: expect.stringContaining('1000 ms') });
  });

  test('cannot have its late answers taken for those of the next wave', async () => {
    kernel.silent = true;
    const lost = ipvs
      .execute(adding('fwmark:1', { scheduler: 'absent' }))
      .catch((reason) => reason.code);
    await settle();
    outwait();
    expect(await lost).toBe('LOST');
    kernel.resume();
    expect(await ipvs.execute(adding('fwmark:1'))).toEqual(new Map());
    expect(kernel.sockets[0]?.isClosed).toBe(true);
  });

  test('makes a read fail without a second attempt', async () => {
    kernel.silent = true;
    const read = ipvs.read().catch((reason) => reason.code);
    await settle();
    const before = kernel.requests.length;
    outwait();
    expect(await read).toBe('LOST');
    expect(kernel.requests.length).toBe(before);
  });

  test('makes a wave fail with LOST when only the answer to the fence is missing', async () => {
    kernel.deliver = (datagram) => (datagram[16] === 14 ? [] : [datagram]);
    const lost = ipvs.execute(adding('fwmark:1')).catch((reason) => reason.code);
    await settle();
    outwait();
    expect(await lost).toBe('LOST');
    kernel.deliver = undefined;
    expect((await ipvs.read()).table.services.size).toBe(1);
  });
});

describe('a slow kernel', () => {
  test('does not reach the timeout while it keeps answering', async () => {
    await ipvs.execute(
      Array.from({ length: 300 }, (_, index) => adding(`fwmark:${index + 1}`)).flat(),
    );
    let chunks = 0;
    kernel.betweenChunks = () => {
      chunks++;
      clock.advance(TIMEOUT - 1);
    };
    expect((await ipvs.read()).table.services.size).toBe(300);
    expect(chunks).toBeGreaterThan(5);
  });
});

describe('a closed client', () => {
  test('fails the call that is under way and every later one with LOST', async () => {
    kernel.silent = true;
    const wave = ipvs.execute(adding('fwmark:1')).catch((reason) => reason.code);
    await settle();
    ipvs.close();
    expect(await wave).toBe('LOST');
    await expect(ipvs.read()).rejects.toMatchObject({ code: 'LOST' });
    expect(kernel.sockets.every(({ isClosed }) => isClosed)).toBe(true);
  });
});
