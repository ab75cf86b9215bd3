import { expect, test, vi } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';

vi.mock('netlink/dist/raw.js', () => {
  throw new Error('No native build was found');
});

test('openKernel throws UNAVAILABLE when the native addon is missing', async () => {
  await expect(openKernel()).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    hint: expect.stringContaining('npm install netlink'),
  });
});
