// Runs the two sides of a case in turn, so that both meet the same weather.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds, of CPU too, KiB and pages. The run has a folder for its records of its own. */
function runOnce(command, { kernel, before = ':', metric }, { measure, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(folder, 'measured');
  const prepare = kernel ? `ip link set lo up; ${before} >&2; ` : '';
  // Each run empties its table itself. Otherwise the kernel does that during the next run.
  const clear = kernel ? '; status=$?; ipvsadm -C; exit $status' : '';
  const script = `${prepare}${measure} ${file} sh -c '${command}'${clear}`;
  const [program, ...args] = kernel ? ['unshare', '-n', 'sh', '-c', script] : ['sh', '-c', script];
  try {
    const { status, stdout, stderr } = spawnSync(program, args, {
      env: { ...env, IPVSTATE_STATE_DIR: join(folder, 'state') },
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) throw new Error(`${command}: status ${status}\n${stderr.slice(0, 2000)}`);
    const [wall, cpu, memory, pages] = readFileSync(file, 'utf8').split(' ').map(Number);
    return { time: metric === 'printed' ? Number(stdout) : wall, cpu, memory, pages };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The medians, or undefined for a side that was not run. */
function summarize(runs) {
  if (runs.length === 0) return undefined;
  const of = (key) => median(runs.map((run) => run[key]));
  return {
    runs: runs.length,
    time: of('time'),
    fastest: Math.min(...runs.map(({ time }) => time)),
    cpu: of('cpu'),
    memory: of('memory'),
    pages: of('pages'),
  };
}

export function alternate(each, { runs, slowRuns }, surroundings) {
  const ours = [];
  const theirs = [];
  const theirRuns = each.theirs === undefined ? 0 : each.theirsIsSlow ? slowRuns : runs;
  for (let round = 0; round < Math.max(runs, theirRuns); round++) {
    if (round < runs) ours.push(runOnce(each.ours, each, surroundings));
    if (round < theirRuns) theirs.push(runOnce(each.theirs, each, surroundings));
  }
  return { ours: summarize(ours), theirs: summarize(theirs) };
}
