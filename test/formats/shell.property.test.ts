import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatSave } from '../../src/formats/ipvsadm/save.ts';
import { readShellScript } from '../../src/formats/shell/read-script.ts';
import { holds, isBrokenBy } from '../support/properties.ts';
import { saveableTables } from '../support/saveable-tables.ts';

/** A word in the different ways in which a script can write it. */
const SPELLINGS: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => `"${word}"`,
  (word) => `'${word}'`,
  (word) => `$(echo ${word})`,
  (word) => `\`printf %s ${word}\``,
  (word) => `\${UNSET:-${word}}`,
  (word) => `"$(cat <<< '${word}')"`,
  (word) => `${word.slice(0, 1)}""${word.slice(1)}`,
  (word) => `${word}\\\n`,
];

/** A line of save text as a call, in the different ways in which a script can make it. */
const CALLS: readonly ((call: string) => string)[] = [
  (call) => `ipvsadm ${call}`,
  (call) => `sudo -n /sbin/ipvsadm ${call};`,
  (call) => `if true; then ipvsadm ${call}\nfi`,
  (call) => `for once in 1; do ipvsadm ${call}\ndone`,
  (call) => `call() { ipvsadm ${call}\n}\ncall`,
  (call) => `case x in x) ipvsadm ${call} ;; esac`,
  (call) => `ipvsadm ${call} || exit 1`,
  (call) => `{ ipvsadm ${call}\n} 2>&1 | cat`,
  (call) => `( ipvsadm ${call} )`,
];

const choices = fc.infiniteStream(fc.nat({ max: 1000 }));

function scriptsMakeTheirTable(change: (script: string) => string = (script) => script) {
  return fc.property(saveableTables, choices, (table, random) => {
    const pick = <T>(items: readonly T[]): T => {
      const item = items[Number(random.next().value) % items.length];
      if (item === undefined) throw new Error('there is nothing to choose from');
      return item;
    };
    const lines = formatSave(table)
      .split('\n')
      .filter((line) => line !== '');
    const calls = lines.map((line) => {
      const words = line.split(' ').map((word) => pick(SPELLINGS)(word));
      return pick(CALLS)(words.join(' '));
    });
    const script = ['ipvsadm -C', ...calls].join('\n');
    const { desired, issues } = readShellScript(change(script), { file: 'lvs.sh' });
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(desired?.services).toEqual(table.services);
  });
}

test('a script makes its table, however it writes its words and its calls', () =>
  holds(scriptsMakeTheirTable(), 50));

test('a script would be caught losing its last call', () =>
  isBrokenBy(scriptsMakeTheirTable((script) => script.replace(/\n.*$/, ''))));
