import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Example {
  readonly name: string;
  /**
   * The file or folder of the configuration. It is relative to the checkout, because plans show it.
   */
  readonly config: string;
  readonly live: string;
  readonly plan: string;
  readonly after: string;
}

/** The folders in `examples/` that have a live table and a configuration. */
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
