import { openKernel } from '../../src/kernel/netlink/client.ts';
import { FakeKernel } from '../support/fake-kernel/kernel.ts';
import { describeIpvs } from './ipvs-contract.ts';
import { describeNonsense } from './nonsense.ts';

describeIpvs({
  name: 'fake kernel',
  open: () => openKernel({ openSocket: new FakeKernel().openSocket }),
  skips: {},
});

describeNonsense('fake kernel', async () => new FakeKernel().openSocket);
