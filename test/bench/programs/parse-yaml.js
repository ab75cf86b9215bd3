// parse-yaml.js FILE: milliseconds of js-yaml, a fast reader of YAML that tells no places.
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

const text = readFileSync(process.argv[2], 'utf8');
const start = performance.now();
const value = load(text);
process.stdout.write(`${performance.now() - start}\n`);
if (value.version !== 1) process.exitCode = 65;
