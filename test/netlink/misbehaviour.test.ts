import { beforeEach, describe, expect, test } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import type { Table } from '../../src/model/table.ts';
import {
  addingEntries,
  deleteService,
  editService,
  onDestination,
} from '../contract/operations.ts';
import { CLEAN } from '../contract/subject.ts';
import { EBUSY } from '../support/fake-kernel/errors.ts';
import { FakeKernel } from '../support/fake-kernel/kernel.ts';
import { keyOf, tableOf } from '../support/tables.ts';

const GET_SERVICE = 4;
const GET_DEST = 8;
const MULTI = 2;
const DUMP_INTR = 0x10;
const NLMSG_ERROR = 2;

/** Two services. The dump of the larger one takes several chunks. */
const TABLE = tableOf({
  'tcp://192.0.2.1:80': {
    destinations: Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`10.0.0.${index + 1}:80`, index]),
    ),
  },
  'tcp://192.0.2.2:80': { destinations: { '10.0.0.1:80': 1 } },
});

let kernel: FakeKernel;
let ipvs: Ipvs;

async function fill(table: Table = TABLE): Promise<void> {
  expect(await ipvs.execute(addingEntries(table))).toEqual(new Map());
}

/**
 * Returns true for the first condition that holds, and false ever after. For a fault that happens
 * once.
 */
function firstTime(): (condition: boolean) => boolean {
  let happened = false;
  return (condition) => {
    if (happened || !condition) return false;
    happened = true;
    return true;
  };
}

const isMulti = (datagram: Buffer) => (datagram.readUInt16LE(6) & MULTI) !== 0;
const isData = (datagram: Buffer) => datagram.readUInt16LE(4) > 3;

/** A refusal of the request that this datagram answers. */
function refusalOf(datagram: Buffer, errno: number): Buffer {
  const refusal = Buffer.concat([
    datagram.subarray(0, 16),
    Buffer.alloc(4),
    datagram.subarray(0, 16),
  ]);
  refusal.writeUInt32LE(refusal.length, 0);
  refusal.writeUInt16LE(NLMSG_ERROR, 4);
  refusal.writeInt32LE(-errno, 16);
  return refusal;
}

beforeEach(async () => {
  kernel = new FakeKernel();
  ipvs = await openKernel({ openSocket: kernel.openSocket });
  return () => ipvs.close();
});

describe('a read of the kernel', () => {
  beforeEach(() => fill());

  test('begins again on new sockets when a dump ends with an error', async () => {
    const first = firstTime();
    kernel.dumpError = (command) => (first(command === GET_DEST) ? 93 : 0);
    expect((await ipvs.read()).table).toEqual(TABLE);
    expect(kernel.sockets.filter(({ isClosed }) => isClosed)).not.toEqual([]);
  });

  test('fails with LOST when every dump ends with an error', async () => {
    kernel.dumpError = () => 93;
    await expect(ipvs.read()).rejects.toMatchObject({ code: 'LOST' });
    kernel.dumpError = undefined;
    expect((await ipvs.read()).table).toEqual(TABLE);
  });

  test('fails with LOST when a datagram does not fit into the buffer', async () => {
    kernel.deliver = (datagram) =>
      isMulti(datagram) && isData(datagram)
        ? [Buffer.concat([datagram, Buffer.alloc(40_000)])]
        : [datagram];
    await expect(ipvs.read()).rejects.toMatchObject({ code: 'LOST' });
    kernel.deliver = undefined;
    expect((await ipvs.read()).table).toEqual(TABLE);
  });

  test('fails with PROTOCOL when a dump is cut in the middle of a message', async () => {
    kernel.deliver = (datagram) =>
      isMulti(datagram) && isData(datagram)
        ? [datagram.subarray(0, datagram.length - 30)]
        : [datagram];
    await expect(ipvs.read()).rejects.toMatchObject({ code: 'PROTOCOL' });
    kernel.deliver = undefined;
    expect((await ipvs.read()).table).toEqual(TABLE);
  });

  test('begins again when the kernel marks a dump as interrupted by a change', async () => {
    const first = firstTime();
    kernel.deliver = (datagram) => {
      if (first(isMulti(datagram) && isData(datagram)))
        datagram.writeUInt16LE(datagram.readUInt16LE(6) | DUMP_INTR, 6);
      return [datagram];
    };
    const before = kernel.requests.filter(({ command }) => command === GET_SERVICE).length;
    expect((await ipvs.read()).table).toEqual(TABLE);
    expect(kernel.requests.filter(({ command }) => command === GET_SERVICE).length - before).toBe(
      2,
    );
  });

  test('begins again on a new socket when the kernel says that the socket is busy', async () => {
    const first = firstTime();
    kernel.deliver = (datagram) => [
      first(isMulti(datagram) && isData(datagram)) ? refusalOf(datagram, EBUSY) : datagram,
    ];
    const before = kernel.sockets.length;
    expect((await ipvs.read()).table).toEqual(TABLE);
    expect(kernel.sockets.length).toBeGreaterThan(before + 1);
  });

  test('begins again when replies were dropped', async () => {
    const first = firstTime();
    kernel.betweenChunks = () => {
      if (first(true)) kernel.sockets.at(-1)?.fail('ENOBUFS');
    };
    expect((await ipvs.read()).table).toEqual(TABLE);
  });

  test('has each destination once when the kernel lists some of them twice', async () => {
    const pool = kernel.table.services[0];
    let added = 0;
    kernel.betweenChunks = (command) => {
      const first = pool?.destinations[0];
      if (command === GET_DEST && first && added < 5)
        pool.destinations.unshift({ ...first, port: 9000 + added++ });
    };
    const { table } = await ipvs.read();
    expect(added).toBe(5);
    expect(table).toEqual(TABLE);
  });
});

describe('a read during which a service is deleted', () => {
  beforeEach(() => fill());

  test('leaves out the service rather than show it without destinations', async () => {
    kernel.beforeRequest = (request) => {
      if (request.command === GET_DEST) kernel.table.services.splice(1);
    };
    const { table, counters } = await ipvs.read();
    expect([...table.services.keys()]).toEqual(['tcp://192.0.2.1:80']);
    expect([...counters.keys()]).toEqual(['tcp://192.0.2.1:80']);
  });
});

describe('a caller without permission', () => {
  test('gets the error PERMISSION from every call, never an empty table', async () => {
    kernel.permitted = false;
    const denied = {
      code: 'PERMISSION',
      errno: 'EPERM',
      hint: expect.stringContaining('CAP_NET_ADMIN in the initial user namespace'),
    };
    await expect(ipvs.read()).rejects.toMatchObject(denied);
    await expect(ipvs.read({ services: [keyOf('fwmark:1')] })).rejects.toMatchObject(denied);
    await expect(ipvs.info()).rejects.toMatchObject(denied);
    await expect(ipvs.execute(CLEAN)).rejects.toMatchObject(denied);
  });
});

describe('the ip_vs module', () => {
  test('makes IPVS unavailable while it is absent, and available once it is loaded', async () => {
    kernel.loaded = false;
    const unavailable = { code: 'UNAVAILABLE', hint: expect.stringContaining('modprobe ip_vs') };
    await expect(ipvs.read()).rejects.toMatchObject(unavailable);
    await expect(ipvs.execute(CLEAN)).rejects.toMatchObject(unavailable);
    kernel.loaded = true;
    await fill();
    expect((await ipvs.read()).table).toEqual(TABLE);
  });

  test('is found again after it was loaded again with another family id', async () => {
    await fill();
    kernel.reloadModule();
    expect((await ipvs.read()).table.services.size).toBe(0);
    kernel.reloadModule();
    await fill();
    expect((await ipvs.read()).table).toEqual(TABLE);
    kernel.reloadModule();
    expect(await ipvs.info()).toMatchObject({ version: '1.2.1' });
  });

  test('makes a read begin again when it is loaded again during the read', async () => {
    await fill();
    const first = firstTime();
    kernel.beforeRequest = ({ command }) => {
      if (first(command === GET_DEST)) kernel.reloadModule();
    };
    expect((await ipvs.read()).table.services.size).toBe(0);
  });

  test('makes a batch fail with LOST when it is loaded again during the batch', async () => {
    await ipvs.info();
    let seen = 0;
    kernel.beforeRequest = ({ command }) => {
      if (command === 5 && ++seen === 10) kernel.reloadModule();
    };
    await expect(ipvs.execute(addingEntries(TABLE))).rejects.toMatchObject({ code: 'LOST' });
  });

  test('is not taken for absent when a scheduler or a destination is missing', async () => {
    await fill();
    const before = kernel.requests.length;
    const refused = await ipvs.execute([
      editService('tcp://192.0.2.1:80', { scheduler: 'absent' }),
      onDestination('delete-destination', 'tcp://192.0.2.2:80', '10.9.9.9:80'),
    ]);
    expect([...refused].map(([index, { errno }]) => [index, errno])).toEqual([
      [0, 'ENOENT'],
      [1, 'ENOENT'],
    ]);
    expect(kernel.requests.length - before).toBe(3);
  });

  test('makes a read of one service fail when it is removed meanwhile', async () => {
    await fill();
    kernel.beforeRequest = ({ command }) => {
      if (command === GET_SERVICE) kernel.loaded = false;
    };
    await expect(ipvs.read({ services: [keyOf('tcp://192.0.2.1:80')] })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});

describe('a batch', () => {
  test('never has more replies than the receive buffer holds', async () => {
    kernel.receiveBufferLimit = 20 * 1280;
    const wave = Array.from({ length: 200 }, () => deleteService('fwmark:1'));
    const refused = await ipvs.execute(wave);
    expect(refused.size).toBe(wave.length);
    expect([...refused.values()].every(({ errno }) => errno === 'ESRCH')).toBe(true);
  });

  test('never has more bytes than the socket sends at once', async () => {
    kernel.sendBufferSize = 4096;
    await fill();
    expect((await ipvs.read()).table).toEqual(TABLE);
  });

  test('fails with LOST when its replies were dropped, unlike the next batch', async () => {
    await ipvs.info();
    kernel.deliver = () => {
      kernel.sockets[0]?.fail('ENOBUFS');
      return [];
    };
    await expect(ipvs.execute(CLEAN)).rejects.toMatchObject({ code: 'LOST' });
    kernel.deliver = undefined;
    expect(await ipvs.execute([{ kind: 'flush' }])).toEqual(new Map());
    expect(kernel.sockets[0]?.isClosed).toBe(true);
  });
});
