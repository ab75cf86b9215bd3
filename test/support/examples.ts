import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Example {
  readonly name: string;
  /** File or folder of the configuration, relative to the checkout, because it shows in plans. */
  readonly config: string;
  readonly live: string;
  readonly plan: string;
  readonly after: string;
}

/** The stories in `examples/`: a folder with a live table and a configuration each. */
export function examples(): Example[] {
  const folder = join(root, 'examples');
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'live.save')))
    .map((name) => {
      const file = (base: string): string => relative(process.cwd(), join(folder, name, base));
      return {
        name,
        config: existsSync(file('config.yaml')) ? file('config.yaml') : file('config'),
        live: file('live.save'),
        plan: file('plan.txt'),
        after: file('after.save'),
      };
    });
}
