import { readFileSync } from 'node:fs';

import { type CaseFields, fieldsOf } from './case-fields.ts';

/** One case of a pricing conformance file. Numbers of JSON are kept as they were written: as decimal strings. */
export interface PricingCase {
  readonly id: string;
  readonly model: string;
  readonly params: CaseFields;
  readonly input: CaseFields;
  /** A decimal string, or the strings of a list. */
  readonly expected: string | readonly string[];
  /** `name=value`; empty: the defaults. */
  readonly policy: string;
}

/** A line of a file: a case, or why it is none. */
export type CaseLine = { readonly line: number } & ({ readonly case: PricingCase } | { readonly problem: string });

/** Reads every line of a file that is not blank; a line that cannot be read is answered with its problem, never left out. */
export function readCases(path: string | URL): CaseLine[] {
  return readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((text, index) => ({ text, line: index + 1 }))
    .filter(({ text }) => text.trim() !== '')
    .map(({ text, line }): CaseLine => {
      try {
        return { line, case: readCase(text) };
      } catch (error) {
        return { line, problem: (error as Error).message };
      }
    });
}

/** Reads one case. Throws an error that says what of it is not as it must be. */
export function readCase(text: string): PricingCase {
  const one = fieldsOf(JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown), 'the case');
  const { id, model, params, input, expected } = one;
  const policy = one['policy'] ?? '';
  if (typeof id !== 'string' || typeof model !== 'string') throw new TypeError('a case needs an id and a model');
  if (typeof policy !== 'string') throw new TypeError('policy must be a string');
  if (!isAnswer(expected)) throw new TypeError('expected must be a decimal string, an integer or a list of strings');
  return {
    id,
    model,
    params: fieldsOf(params ?? {}, 'params'),
    input: fieldsOf(input ?? {}, 'input'),
    expected,
    policy,
  };
}

/** A number of JSON as its own digits: a large one would lose some as a JavaScript number. */
function keepDigits(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context.source ?? String(value)) : value;
}

function isAnswer(value: unknown): value is PricingCase['expected'] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}
