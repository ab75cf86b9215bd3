// parse-config.js FILE: milliseconds from a YAML or JSON text to the desired table.
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../../dist/index.js';

const [file] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
const start = performance.now();
const { desired } = parseConfig(text, file);
process.stdout.write(`${performance.now() - start}\n`);
if (!desired) process.exitCode = 65;
