// Faults of etcd. The tables of the directors must stay as they are, whatever happens to it.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cutOff, reconnect } from './hosts.js';
import { until } from './until.js';

const seconds = (value) => `${value.toFixed(1)} s`;

const tablesOf = (fleet) => fleet.directors.map((director) => director.table()).join('\n');

/** Waits until all directors say that their source cannot be read. Returns after how long. */
function untilAllSay(fleet, pattern) {
  return until(`all directors say ${pattern}`, async () => {
    const all = await Promise.all(fleet.directors.map((director) => director.status()));
    return all.every(
      (status) =>
        status?.health === 'source-unreachable' && pattern.test(status.source?.message ?? ''),
    );
  });
}

/** Pushes, and checks how long it takes until all directors are in sync. */
async function pushesWell(fleet, check, when, most) {
  await fleet.push();
  const took = await fleet.untilAllHaveIt();
  check(`${when}: a push reaches all in ${seconds(took)}`, took <= most);
}

/** The manual promises half a minute. The rest is for one processor that does everything. */
const MOST_SECONDS = 45;
/** When a watch is in place, directors do not wait for their next look. */
const WATCHED_SECONDS = 20;

export const FAULTS = {
  'kill -9 of a member': async (fleet, check) => {
    const leader = await fleet.cluster.leader();
    const name = fleet.cluster.names.find((each) => each !== leader);
    await fleet.cluster.kill(name);
    await pushesWell(fleet, check, `${name} is dead`, MOST_SECONDS);
    fleet.cluster.run(name);
  },

  'kill -9 of the leader during a rollout': async (fleet, check) => {
    const leader = await fleet.cluster.leader();
    await fleet.push('--wave', 'lb1', '--wave', '50%', '--soak', '3s');
    await fleet.untilAllHaveIt([fleet.directors[0]]);
    await fleet.cluster.kill(leader);
    check(`${leader} is dead: the rollout reaches all`, (await fleet.wait('120s')) === 0);
    fleet.cluster.run(leader);
  },

  'a member without network': async (fleet, check) => {
    const leader = await fleet.cluster.leader();
    cutOff(leader);
    const text = `${leader}, the leader, is cut off`;
    await pushesWell(fleet, check, text, MOST_SECONDS);
    await pushesWell(fleet, check, 'the next one', WATCHED_SECONDS);
    reconnect(leader);
    await fleet.cluster.ready();
    await pushesWell(fleet, check, 'it is back', MOST_SECONDS);
  },

  'no majority': async (fleet, check) => {
    const [first, second] = fleet.cluster.names;
    const tables = tablesOf(fleet);
    await fleet.cluster.kill(first);
    await fleet.cluster.kill(second);
    const said = await untilAllSay(fleet, /./);
    const { status, stderr } = await fleet.tryPush();
    check(
      `all directors say so after ${seconds(said)}, and their tables stay`,
      tablesOf(fleet) === tables,
    );
    check(`a push fails: ${stderr.split('\n')[0]}`, status === 66);
    fleet.cluster.run(first);
    fleet.cluster.run(second);
    await fleet.cluster.ready();
    await pushesWell(fleet, check, 'both are back', MOST_SECONDS);
  },

  'compaction while a director is away': async (fleet, check) => {
    cutOff('lb4');
    await fleet.push();
    await fleet.untilAllHaveIt(fleet.others('lb4'));
    await fleet.push();
    await fleet.untilAllHaveIt(fleet.others('lb4'));
    await fleet.cluster.compact();
    reconnect('lb4');
    const took = await fleet.untilAllHaveIt();
    check(`lb4 has the last generation ${seconds(took)} after it is back`, true);
    await pushesWell(fleet, check, 'the history is compacted', MOST_SECONDS);
  },

  'a full etcd': async (fleet, check) => {
    const tables = tablesOf(fleet);
    await fleet.cluster.fill();
    const { status, stderr } = await fleet.tryPush();
    check(`a push fails: ${stderr.split('\n')[0]}`, status === 66);
    await sleep(20_000);
    const all = await Promise.all(fleet.directors.map((director) => director.status()));
    const healths = [...new Set(all.map((each) => each?.health))].join(', ');
    check(
      `20 s later the directors are ${healths}, and their tables stay`,
      tablesOf(fleet) === tables,
    );
    await fleet.cluster.empty();
    await pushesWell(fleet, check, 'etcd has room again', MOST_SECONDS);
    check('all directors report again', (await fleet.wait()) === 0);
  },

  'certificates that expire': async (fleet, check) => {
    const { authority, cluster } = fleet;
    authority.sign('lb5', -1);
    await fleet.push();
    await fleet.untilAllHaveIt(fleet.others('lb5'));
    const own = await until('lb5 says why', async () =>
      /certificate/.test((await fleet.find('lb5').status())?.fleet?.error?.message ?? ''),
    );
    check(`that of lb5: it says so after ${seconds(own)}`, true);
    authority.sign('lb5', 1);
    await fleet.untilAllHaveIt();
    const tables = tablesOf(fleet);
    // A connection is used for 10 seconds. The watches stay as they are.
    cluster.sign(-1);
    const said = await untilAllSay(fleet, /certificate has expired/);
    check(`those of etcd: all say so after ${seconds(said)}`, true);
    check('their tables stay', tablesOf(fleet) === tables);
    cluster.sign(1);
    await pushesWell(fleet, check, 'they are renewed', MOST_SECONDS);
  },

  'an old backup': async (fleet, check) => {
    const { cluster } = fleet;
    const file = join('/run', 'etcd.backup');
    const saved = fleet.generation;
    await cluster.save(file);
    await fleet.push();
    await fleet.push();
    await fleet.untilAllHaveIt();
    const tables = tablesOf(fleet);
    await cluster.killAll();
    await cluster.restore(file);
    await cluster.start();
    const said = await untilAllSay(fleet, /went back from generation/);
    check(`all directors say so after ${seconds(said)}`, true);
    check('their tables stay', tablesOf(fleet) === tables);
    await pushesWell(fleet, check, `generation ${saved} was restored`, MOST_SECONDS);
  },

  'the loss of all data': async (fleet, check) => {
    const { cluster } = fleet;
    const tables = tablesOf(fleet);
    await cluster.killAll();
    cluster.clear();
    await cluster.start();
    const said = await untilAllSay(fleet, /has no generation/);
    check(`all directors say so after ${seconds(said)}`, true);
    check('their tables stay', tablesOf(fleet) === tables);
    await pushesWell(fleet, check, 'etcd is empty', MOST_SECONDS);
  },
};
