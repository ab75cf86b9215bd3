import { assertTableIsExpendable } from '../support/this-kernel.ts';

assertTableIsExpendable();
