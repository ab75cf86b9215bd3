import { openKernel } from '../../src/kernel/netlink/client.ts';
import { loadNativeSockets } from '../../src/kernel/netlink/socket.ts';
import { describeIpvs } from '../contract/ipvs-contract.ts';
import { describeNonsense } from '../contract/nonsense.ts';

describeIpvs({ name: 'the client on this kernel', open: () => openKernel(), skips: {} });
describeNonsense('this kernel', loadNativeSockets);
