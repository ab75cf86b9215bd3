import { Shell } from './ipvsadm/shell.ts';

/** The one shell of all kernel tests. It ends with the process that runs them. */
export const shell = new Shell();

/** Runs a program with the words of `line`. Returns its output, and throws when it fails. */
export async function output(line: string, stdin = ''): Promise<string> {
  const [program = '', ...argv] = line.split(' ');
  const { status, stdout, stderr } = await shell.run(program, argv, { stdin });
  if (status !== 0) throw new Error(`${line} exited with ${status}: ${stderr}`);
  return stdout;
}

/** Runs the real ipvsadm. Returns its output, and throws when it fails. */
export function ipvsadm(line: string, stdin = ''): Promise<string> {
  return output(`ipvsadm ${line}`, stdin);
}
