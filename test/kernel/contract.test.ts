import { openKernel } from '../../src/netlink/client.ts';
import { describeIpvs } from '../contract/ipvs-contract.ts';

describeIpvs({ name: 'the client on this kernel', open: () => openKernel(), skips: {} });
