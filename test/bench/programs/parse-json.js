// parse-json.js FILE: milliseconds of JSON.parse.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const start = performance.now();
const value = JSON.parse(text);
process.stdout.write(`${performance.now() - start}\n`);
if (value.version !== 1) process.exitCode = 65;
