// Rollouts, with directors that fail.
import { setTimeout as sleep } from 'node:timers/promises';
import { cutOff, reconnect } from './hosts.js';
import { until } from './until.js';

const seconds = (value) => `${value.toFixed(1)} s`;

/** Watches the marks of directors, until the result is called, which returns those that changed. */
function watchMarks(directors, mark) {
  const others = new Set();
  const look = () => {
    for (const director of directors) if (director.mark() !== mark) others.add(director.name);
  };
  const timer = setInterval(look, 500);
  return () => {
    clearInterval(timer);
    look();
    return [...others];
  };
}

export const ROLLOUTS = {
  'a push to all at once': async (fleet, check) => {
    const times = [];
    for (let round = 0; round < 5; round++) {
      await fleet.push();
      times.push(await fleet.untilAllHaveIt());
    }
    const sorted = times.sort((a, b) => a - b);
    const range = `${seconds(sorted[0])} to ${seconds(sorted.at(-1))}`;
    check(`all directors are in sync ${range} after the push has ended, 5 times`, true);
  },

  'a rollout in three waves, with traffic': async (fleet, check) => {
    const before = await fleet.requests();
    const begin = performance.now();
    await fleet.push('--wave', 'lb1', '--wave', '50%', '--wave', 'all', '--soak', '4s');
    const status = await fleet.wait('120s');
    const took = seconds((performance.now() - begin) / 1000);
    check(`all directors have it after ${took}`, status === 0);
    // Clients that keep a connection move later.
    await sleep(8000);
    const after = await fleet.requests();
    const made = after.made - before.made;
    const failed = after.failed - before.failed;
    check(`${failed} of ${made} requests through lb1 failed`, failed === 0 && made > 100);
  },

  'a canary that fails': async (fleet, check) => {
    const stopWatching = watchMarks(fleet.others('lb1'), fleet.mark);
    fleet.setNodeFile('lb1', 'sync_daemons: [{ role: backup, interface: eth9 }]\n');
    await fleet.push('--wave', 'lb1', '--soak', '4s');
    const begin = performance.now();
    const status = await fleet.wait();
    const took = seconds((performance.now() - begin) / 1000);
    check(`the kernel of lb1 refuses a part: the rollout is halted after ${took}`, status === 6);
    await sleep(5000);
    const reached = stopWatching();
    check(`no other director got it: ${reached.join(', ') || 'none'}`, reached.length === 0);
    const text = (await fleet.fleet('status')).stdout;
    check('the status of the fleet says why', /alted: lb1 failed/.test(text));
    await fleet.fleet('rollback', '--reason', 'the canary failed');
    fleet.setNodeFile('lb1', undefined);
    fleet.wentBack();
    await fleet.untilAllHaveIt();
    check('after a rollback, all have the files from before', fleet.haveMark());
  },

  'a rollback after a rollout': async (fleet, check) => {
    await fleet.push('--wave', 'lb1', '--soak', '1s');
    await fleet.wait();
    const before = await fleet.requests();
    const { status } = await fleet.fleet('rollback');
    fleet.wentBack();
    const took = await fleet.untilAllHaveIt();
    const isBack = status === 0 && fleet.haveMark();
    check(`all have the files from before ${seconds(took)} after it`, isBack);
    await sleep(6000);
    const failed = (await fleet.requests()).failed - before.failed;
    check(`${failed} requests failed`, failed === 0);
  },

  'kill -9 of a director in a wave': async (fleet, check) => {
    const victim = fleet.find('lb2');
    const later = fleet.others('lb1', 'lb2');
    const stopWatching = watchMarks(later, fleet.mark);
    // Long enough for the kill to come before the next wave.
    await fleet.push('--wave', 'lb1', '--wave', 'lb2', '--soak', '15s');
    // One that dies before it has told that it has the generation only keeps the others waiting.
    await until('lb2 has told that it has it', () => fleet.hasTold('lb2'));
    await victim.kill();
    const status = await fleet.wait();
    check('lb2 was killed when it had the generation: the rollout is halted', status === 6);
    check('the table of lb2 stays', victim.mark() === fleet.mark);
    victim.start();
    await fleet.untilAllHaveIt([victim]);
    await sleep(3000);
    check('it starts again: the rollout stays halted', (await fleet.wait('5s')) === 6);
    const reached = stopWatching();
    check(`no later director got it: ${reached.join(', ') || 'none'}`, reached.length === 0);
    await fleet.fleet('resume', '--reason', 'lb2 is back');
    check('after `fleet resume`, all have it', (await fleet.wait('180s')) === 0);
  },

  'a director without network during a rollout': async (fleet, check) => {
    const away = fleet.find('lb3');
    const later = fleet.others('lb1', 'lb3');
    const table = away.table();
    const stopWatching = watchMarks(later, fleet.mark);
    cutOff('lb3');
    await fleet.push('--wave', 'lb1', '--wave', 'lb3', '--soak', '1s');
    await fleet.untilAllHaveIt([fleet.directors[0]]);
    const noticed = await until(
      'lb3 says that etcd is away',
      async () => (await away.status())?.health === 'source-unreachable',
    );
    check(`lb3 says so ${seconds(noticed)} later, and keeps its table`, away.table() === table);
    await until('lb3 counts as away', async () =>
      /lb3 +away/.test((await fleet.fleet('status')).stdout),
    );
    await sleep(3000);
    const reached = stopWatching();
    check(`the next wave waits: ${reached.join(', ') || 'none'} got it`, reached.length === 0);
    reconnect('lb3');
    const back = await fleet.untilAllHaveIt([away]);
    check(`lb3 has it ${seconds(back)} after it is back`, true);
    check('and then all have it', (await fleet.wait()) === 0);
  },
};
