import { openKernel } from '../../src/kernel/netlink/client.ts';
import { loadNativeSockets } from '../../src/kernel/netlink/socket.ts';
import { describeIpvs } from '../contract/ipvs-contract.ts';
import { describeNonsense } from '../contract/nonsense.ts';

describeIpvs({ name: 'real kernel', open: () => openKernel(), skips: {} });
describeNonsense('this kernel', loadNativeSockets);
