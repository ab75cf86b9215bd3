import { expect, it } from 'vitest';
import { workspace } from './workspace.ts';

const COMMENTED = '# web\n-A -t 192.0.2.1:80\n-a -t 192.0.2.1:80 -r 10.0.0.1 -g\n';
const LEFT_OUT = 'ipvstate: left out: the comments of the source, which only yaml has\n';

it('import keeps comments in YAML, and says that other formats have none', async () => {
  const { run } = workspace({ 'a.save': COMMENTED, 'b.save': COMMENTED.replace('# web\n', '') });
  const yaml = await run('import ./a.save');
  expect(yaml.stdout).toContain('# web\n');
  expect(yaml.stderr).toBe('');
  for (const format of ['json', 'save']) {
    expect((await run(`import ./a.save -o ${format}`)).stderr).toBe(LEFT_OUT);
    expect((await run(`import ./b.save -o ${format}`)).stderr).toBe('');
  }
});
