import { expect, test, vi } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';

vi.mock('netlink/dist/raw.js', () => {
  throw new Error('No native build was found');
});

test('without the native addon IPVS is unavailable, and the hint says how to get it', async () => {
  await expect(openKernel()).rejects.toMatchObject({ code: 'UNAVAILABLE', hint: expect.stringContaining('npm install netlink') });
});
