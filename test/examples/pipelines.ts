import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { withProgram } from '../support/program.ts';

/** A step of a job. The runner does the steps that follow a failed one only where they say so. */
export type Step =
  | { readonly kind: 'run'; readonly command: string; readonly evenAfterFailure?: boolean }
  | { readonly kind: 'upload'; readonly artifact: string; readonly path: string }
  | { readonly kind: 'download'; readonly artifact: string };

export interface Job {
  readonly isOnLoadBalancer: boolean;
  readonly steps: readonly Step[];
}

export type Pipeline = Readonly<Record<'review' | 'plan' | 'apply' | 'check', Job>>;

interface GitHubStep {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, string>>;
}

/** Parses the jobs of a workflow of GitHub Actions. */
export function parseGitHub(workflow: {
  readonly jobs: Readonly<Record<string, { 'runs-on': unknown; steps: readonly GitHubStep[] }>>;
}): Record<string, Job> {
  const stepsOf = ({
    uses = '',
    run,
    if: condition = '',
    with: values = {},
  }: GitHubStep): Step[] => {
    if (run !== undefined)
      return [{ kind: 'run', command: run, evenAfterFailure: condition.includes('!cancelled()') }];
    const { name: artifact = '', path = '' } = values;
    if (uses.startsWith('actions/upload-artifact@')) return [{ kind: 'upload', artifact, path }];
    return uses.startsWith('actions/download-artifact@') ? [{ kind: 'download', artifact }] : [];
  };
  return mapJobs(workflow.jobs, (job) => ({
    isOnLoadBalancer: job['runs-on'] !== 'ubuntu-latest',
    steps: job.steps.flatMap(stepsOf),
  }));
}

interface GitLabJob {
  readonly tags?: readonly string[];
  readonly needs?: readonly (string | { readonly job: string })[];
  readonly before_script?: readonly string[];
  readonly script: readonly string[];
  readonly after_script?: readonly string[];
  readonly artifacts?: { readonly paths: readonly string[]; readonly when?: string };
}

/** Parses the jobs of a pipeline of GitLab. An artifact has the name of its job there. */
export function parseGitLab({
  stages: _,
  ...jobs
}: Readonly<Record<string, unknown>>): Record<string, Job> {
  return mapJobs(jobs as Readonly<Record<string, GitLabJob>>, (job, name) => ({
    isOnLoadBalancer: job.tags !== undefined,
    steps: [
      ...(job.needs ?? []).flatMap((need): Step[] =>
        typeof need === 'string' ? [{ kind: 'download', artifact: need }] : [],
      ),
      ...[...(job.before_script ?? []), ...job.script].map(
        (command): Step => ({ kind: 'run', command }),
      ),
      ...(job.after_script ?? []).map(
        (command): Step => ({ kind: 'run', command, evenAfterFailure: true }),
      ),
      ...(job.artifacts?.paths ?? []).map(
        (path): Step => ({ kind: 'upload', artifact: name, path }),
      ),
    ],
  }));
}

function mapJobs<T>(
  jobs: Readonly<Record<string, T>>,
  toJob: (job: T, name: string) => Job,
): Record<string, Job> {
  return Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, toJob(job, name)]));
}

/** Programs of the test in place of those that need a network, or the kernel of a load balancer. */
const PROGRAMS = {
  sudo: 'exec "$@" --table "$LOAD_BALANCER"',
  npm: '',
  'apt-get': '',
  gh: `case "$1 $2" in
  'run download') cp "$ARTIFACTS/$4"/* "$6" ;;
  'pr comment') eval "cp \\"\\$$#\\" \\"$COMMENT\\"" ;;
esac`,
  curl: `while [ $# -gt 1 ]; do
  case $1 in
    --output) output=$2 ;;
    --data-urlencode) cp "\${2#body@}" "$COMMENT" ;;
  esac
  shift
done
case $1 in */raw/*) cp "$ARTIFACTS/\${1##*job=}"/* "$output" ;; esac`,
};

/** A service that runs pipelines, with a repository and a load balancer whose table is a file. */
export class PipelineRunner {
  readonly folder = mkdtempSync(join(tmpdir(), 'ipvstate-ci-'));
  readonly repository = join(this.folder, 'repository');
  readonly loadBalancer = join(this.folder, 'live.save');
  private readonly artifacts = join(this.folder, 'artifacts');
  private readonly commentFile = join(this.folder, 'comment');
  readonly env: NodeJS.ProcessEnv = {
    ...withProgram(this.folder),
    LOAD_BALANCER: this.loadBalancer,
    ARTIFACTS: this.artifacts,
    COMMENT: this.commentFile,
    GITHUB_STEP_SUMMARY: join(this.folder, 'summary'),
    BOT_TOKEN: 'secret',
    CI_API_V4_URL: 'https://gitlab.example.com/api/v4',
  };

  constructor(repository: string) {
    cpSync(repository, this.repository, { recursive: true });
    for (const [name, script] of Object.entries(PROGRAMS)) {
      const path = join(this.folder, 'bin', name);
      writeFileSync(path, `#!/bin/sh\n${script}\n`);
      chmodSync(path, 0o755);
    }
  }

  /** Runs a job in a fresh copy of the repository. Returns the exit code of its first failure. */
  run({ steps }: Job): { readonly status: number | null; readonly output: string } {
    const workspace = mkdtempSync(join(this.folder, 'workspace-'));
    cpSync(this.repository, workspace, { recursive: true });
    let status: number | null = 0;
    let output = '';
    for (const step of steps) {
      if (step.kind === 'upload') this.store(step.artifact, join(workspace, step.path));
      else if (step.kind === 'download') this.fetch(step.artifact, workspace);
      else if (status === 0 || step.evenAfterFailure) {
        const command = step.command.replaceAll(/\$\{\{ .*? \}\}/g, '7');
        const run = spawnSync('bash', ['-eo', 'pipefail', '-c', command], {
          ...{ cwd: workspace, env: this.env, encoding: 'utf8' },
        });
        output += run.stdout + run.stderr;
        if (status === 0) status = run.status;
      }
    }
    return { status, output };
  }

  store(artifact: string, path: string): void {
    if (!existsSync(path)) return;
    mkdirSync(join(this.artifacts, artifact), { recursive: true });
    copyFileSync(path, join(this.artifacts, artifact, basename(path)));
  }

  private fetch(artifact: string, workspace: string): void {
    cpSync(join(this.artifacts, artifact), workspace, { recursive: true });
  }

  artifact(artifact: string, file: string): string {
    return readFileSync(join(this.artifacts, artifact, file), 'utf8');
  }

  /** The comment of the merge request, where one was written. */
  get comment(): string | undefined {
    return existsSync(this.commentFile) ? readFileSync(this.commentFile, 'utf8') : undefined;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
