// The measured cases: the two programs that are compared, and the required result.
//
// Commands are shell lines. They find in the environment: $ipvstate (the command), $program (the
// same without Node), $node (the Node of the packages), $floor, $programs and $execute (this
// project's measured programs), $input (where the texts of inputs.js are), and $tenfold (those of
// ten times as many services). Each runs in a fresh network namespace or, without `kernel`, on the
// host.

/**
 * The measure of a side: the wall clock of the whole process, or the milliseconds that the
 * command prints.
 */
const PROCESS = 'process';
const PRINTED = 'printed';

const atMost = (factor, plusMilliseconds = 0) => ({
  text: `at most ${factor} times${plusMilliseconds ? ` plus ${plusMilliseconds / 1000} s` : ''}`,
  isMet: (ours, theirs) => ours <= factor * theirs + plusMilliseconds,
});
const timesFaster = (factor) => ({
  text: `${factor} times faster`,
  isMet: (ours, theirs) => theirs >= factor * ours,
});
const under = (milliseconds) => ({
  text: `under ${milliseconds / 1000} s`,
  isMet: (ours) => ours < milliseconds,
});
/** A limit of memory. The measures are in KiB. */
const atMostMebibytes = (limit) => ({
  text: `at most ${limit} MiB`,
  isMet: (ours) => ours <= limit * 1024,
});
/** A limit of the pages that a process touches for the first time. */
const atMostPages = (limit) => ({
  text: `at most ${limit} pages`,
  isMet: (ours) => ours <= limit,
});

/** Services and destinations of each. */
const LARGE = [
  [1000, 100],
  [10000, 10],
];

/** Sizes whose tenfold is measured beside them. */
const TENTHS = [
  [10, 100],
  [100, 10],
  [100, 100],
  [1000, 10],
];

/** Commands on the texts of a folder, without a kernel. */
const COMMANDS = {
  validate: (input) => `$ipvstate validate -f ${input}/rules.yaml`,
  plan: (input) => `$ipvstate plan -f ${input}/changed.save --table ${input}/rules.save`,
  check: (input) => `$ipvstate check -f ${input}/rules.yaml --table ${input}/rules.save`,
  apply: (input) =>
    `table=$(mktemp) && $ipvstate apply -f ${input}/rules.yaml --table $table && rm $table`,
};

/** How much longer a command takes for ten times the size. */
const GROWTH = Object.entries(COMMANDS).map(([verb, command]) => ({
  name: `${verb}-linear`,
  title: `${verb} of ten times the size, without a kernel`,
  sizes: TENTHS,
  metric: PROCESS,
  ours: command('$tenfold'),
  theirs: command('$input'),
  goal: atMost(11),
  memoryGoal: atMost(11),
}));

/** The same for the daemon, from its start until it has applied its file. */
const WATCH_GROWTH = {
  name: 'watch-linear',
  title: 'start and first pass of watch of ten times the size',
  kernel: true,
  sizes: TENTHS,
  metric: PROCESS,
  ours: 'node $programs/first-pass.js $tenfold/rules.yaml',
  theirs: 'node $programs/first-pass.js $input/rules.yaml',
  goal: atMost(11),
  memoryGoal: atMost(11),
};

/** Short commands beside Node itself: that of this machine, and that of the packages. */
const SHORT = [
  ['', 'node'],
  ['-packaged', '$node'],
].flatMap(([suffix, node]) => [
  {
    name: `plan${suffix}`,
    title: 'plan of 3 services against --table, beside node',
    sizes: [[3, 3]],
    metric: PROCESS,
    ours: `${node} $program plan -f $input/rules.yaml --table $input/changed.save`,
    theirs: `${node} -e 0`,
    goal: atMost(1.5),
  },
  {
    name: `validate${suffix}`,
    title: 'validate of 3 services, beside node',
    sizes: [[3, 3]],
    metric: PROCESS,
    ours: `${node} $program validate -f $input/rules.yaml`,
    theirs: `${node} -e 0`,
    goal: atMost(1.5),
  },
]);

/** A restore with a plan, a journal and a check of the result: of save text, and of YAML. */
const APPLY = [
  ['apply', 'save', LARGE, 25],
  ['apply-small', 'save', [[100, 100]], 5],
  ['apply-yaml', 'yaml', LARGE, 20],
  ['apply-yaml-small', 'yaml', [[100, 100]], 4],
].map(([name, extension, sizes, factor]) => ({
  name,
  title: `apply of ${extension} to an empty table, beside a restore`,
  kernel: true,
  sizes,
  metric: PROCESS,
  ours: `$ipvstate apply -f $input/rules.${extension}`,
  theirs: 'ipvsadm -R < $input/rules.save',
  theirsIsSlow: true,
  goal: timesFaster(factor),
}));

export const CASES = [
  ...GROWTH,
  WATCH_GROWTH,
  {
    name: 'restore',
    title: 'restore of save text to an empty table',
    kernel: true,
    sizes: LARGE,
    metric: PROCESS,
    ours: '$ipvstate ipvsadm -R < $input/rules.save',
    theirs: 'ipvsadm -R < $input/rules.save',
    theirsIsSlow: true,
    goal: timesFaster(30),
  },
  ...APPLY,
  {
    name: 'execute',
    title: 'kernel phase of the same',
    kernel: true,
    sizes: LARGE,
    metric: PRINTED,
    ours: 'node $execute $input/rules.save',
    theirs: '$floor $services $destinations',
    goal: atMost(2),
  },
  {
    name: 'big-service',
    title: 'kernel phase of one large service',
    kernel: true,
    sizes: [[1, 10000]],
    metric: PRINTED,
    ours: 'node $execute $input/rules.save',
    theirs: '$floor $services $destinations',
    goal: atMost(1.5),
  },
  {
    name: 'check-save',
    title: 'check in sync, save text',
    kernel: true,
    sizes: LARGE,
    metric: PROCESS,
    before: '$floor $services $destinations',
    ours: '$ipvstate check -f $input/rules.save',
    theirs: 'ipvsadm -Sn',
    goal: atMost(2),
    pagesGoal: atMostPages(12_000),
  },
  {
    name: 'check-json',
    title: 'check in sync, JSON',
    kernel: true,
    sizes: LARGE,
    metric: PROCESS,
    before: '$floor $services $destinations',
    ours: '$ipvstate check -f $input/rules.json',
    theirs: 'ipvsadm -Sn',
    goal: atMost(1.2),
  },
  {
    name: 'one-weight',
    title: 'apply of one changed weight',
    kernel: true,
    sizes: LARGE,
    metric: PROCESS,
    before: '$floor $services $destinations',
    ours: '$ipvstate apply -f $input/changed.save',
    theirs: 'ipvsadm -C && ipvsadm -R < $input/changed.save',
    theirsIsSlow: true,
    goal: timesFaster(40),
  },
  ...SHORT,
  {
    name: 'yaml',
    title: "YAML to a desired table, beside js-yaml's load",
    sizes: LARGE,
    metric: PRINTED,
    ours: 'node $programs/parse-config.js $input/rules.yaml',
    theirs: 'node $programs/parse-yaml.js $input/rules.yaml',
    goal: atMost(1),
    memoryGoal: atMostMebibytes(250),
  },
  {
    name: 'json',
    title: 'JSON to a desired table, beside JSON.parse',
    sizes: LARGE,
    metric: PRINTED,
    ours: 'node $programs/parse-config.js $input/rules.json',
    theirs: 'node $programs/parse-json.js $input/rules.json',
    goal: atMost(1.5, 500),
  },
  {
    name: 'diff',
    title: 'diff and plan, 1 % changed',
    sizes: LARGE,
    metric: PRINTED,
    ours: 'node $programs/diff.js $services $destinations',
    goal: under(500),
  },
  {
    name: 'diff-linear',
    title: 'diff and plan of ten times the size',
    sizes: LARGE,
    metric: PRINTED,
    ours: 'node --max-old-space-size=6000 $programs/diff.js $(($services * 10)) $destinations',
    theirs: 'node --max-old-space-size=6000 $programs/diff.js $services $destinations',
    goal: atMost(11),
  },
];
