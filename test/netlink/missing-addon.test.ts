import { describe, expect, it, vi } from 'vitest';
import { MissingAddonError } from '../../src/errors.ts';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { missingAddon } from '../../src/kernel/netlink/missing-addon.ts';

vi.mock('netlink/dist/raw.js', () => {
  throw new Error('No native build was found');
});

describe('a native addon that cannot be loaded', () => {
  it('is an error of its own, UNAVAILABLE, with a way out', async () => {
    const error = await openKernel().catch((each: unknown) => each);
    expect(error).toBeInstanceOf(MissingAddonError);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^the native addon for netlink cannot be loaded: /),
      hint: expect.stringContaining('Commands with --table need no addon.'),
    });
  });

  const dlopen = Object.assign(new Error('ld-linux: not\u001bfound\nat require'), {
    code: 'ERR_DLOPEN_FAILED',
  });
  const absent = Object.assign(new Error("Cannot find module 'netlink'"), {
    code: 'MODULE_NOT_FOUND',
  });
  const noBuild = new Error('No native build was found for platform=linux');
  const x64 = { arch: 'x64', hasGlibc: true };

  it.each([
    [absent, x64, 'its package is not installed', 'Install ipvstate again'],
    [noBuild, x64, 'its build for x64 is missing', 'Install ipvstate again'],
    [noBuild, { arch: 's390x', hasGlibc: true }, 'there is no build for s390x', 'compile'],
    [dlopen, { arch: 'arm64', hasGlibc: false }, 'this system has no glibc', 'compile'],
    [dlopen, x64, 'does not fit this machine (ld-linux: not\\u001bfound)', 'Install ipvstate'],
  ])('says why: %s on %j', (cause, platform, reason, hint) => {
    const error = missingAddon(cause, platform);
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain('\n');
    expect(error.hint).toContain(hint);
  });
});
