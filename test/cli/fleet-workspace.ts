import { onTestFinished } from 'vitest';
import { FakeEtcd } from '../support/fake-etcd.ts';
import { SHOP, workspace } from './workspace.ts';

/** A folder of files with one for a node. */
export const FLEET_FILES = {
  'conf.d/shop.yaml': SHOP,
  'conf.d/nodes/lb1/times.yaml': 'version: 1\nservices: []\ntimeouts: { tcp: 10m }\n',
};

/** A folder of files, and an empty etcd to push them to. */
export async function fleet(files: Readonly<Record<string, string>> = FLEET_FILES) {
  const etcd = await new FakeEtcd().start();
  onTestFinished(() => etcd.stop());
  const space = workspace(files);
  const address = `etcd://${etcd.host}/prod`;
  return { ...space, etcd, address };
}
