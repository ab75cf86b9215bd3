import type { Assignment, Word } from 'unbash';
import { keyOf } from '../expand/parameter.ts';
import { expandText } from '../expand/text.ts';
import { expandFields } from '../expand/word.ts';
import { placeOf, type Run } from '../run.ts';
import { derived, isUnknown, joinValues, type Value } from '../value.ts';
import { itemsOf, lookUp, setArray, setItem, setVariable } from '../variables.ts';

/** Carries out `name=value`, also with `+=`, an index, or a list. */
export function assign(run: Run, { name, value, append, index }: Assignment): void {
  if (value.type === 'ArrayValue') {
    assignList(run, name, value.elements, append === true);
    return;
  }
  const text = expandText(run, value);
  if (index) {
    const key = keyOf(run, name, index);
    if (isUnknown(key)) return;
    const before = itemsOf(run, name).find(([each]) => each === key.text)?.[1];
    setItem(run, name, key.text, append && before ? joinValues([before, text]) : text);
    return;
  }
  const before = append ? lookUp(run, name, placeOf(run, value)) : undefined;
  // `+=` adds to an integer, and appends to any other text.
  const isInteger = run.variables.get(name)?.attribute === 'integer';
  if (before && isInteger) setVariable(run, name, { text: 'a sum' });
  else setVariable(run, name, before ? joinValues([before, text]) : text);
}

function assignList(run: Run, name: string, elements: readonly Word[], isAppended: boolean): void {
  const isMap = run.variables.get(name)?.kind === 'map';
  const items = new Map<string, Value>(isAppended ? itemsOf(run, name) : []);
  let next = Math.max(-1, ...Array.from(items.keys(), Number).filter(Number.isFinite)) + 1;
  for (const element of elements) {
    const [, key, text] = /^\[([^\]]+)\]=(.*)$/s.exec(element.text) ?? [];
    if (key !== undefined && text !== undefined) {
      const whole = expandText(run, element);
      const value = whole.text.slice(whole.text.indexOf(']=') + 2);
      const shown = whole.text.slice(1, whole.text.indexOf(']='));
      items.set(shown, derived(value, [whole]));
      if (!isMap && /^\d+$/.test(shown)) next = Number(shown) + 1;
      continue;
    }
    for (const { text: item, doubt, unset } of expandFields(run, [element]))
      items.set(`${next++}`, { text: item, doubt, unset });
  }
  setArray(run, name, items, isMap ? 'map' : 'array');
}
