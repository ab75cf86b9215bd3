// parse-yaml.js FILE: milliseconds of the `yaml` package's own reader.
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';

const text = readFileSync(process.argv[2], 'utf8');
const start = performance.now();
const value = parseDocument(text).toJS();
process.stdout.write(`${performance.now() - start}\n`);
if (value.version !== 1) process.exitCode = 65;
