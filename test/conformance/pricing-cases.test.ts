import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { type CaseLine, type PricingCase, readCases } from '../../tools/conformance/pricing-case.ts';
import { runCase } from '../../tools/conformance/run-case.ts';

/** Cases of other billing systems are kept beside the repository, for all who implement the rules. */
const SHARED_CASES = new URL('../../../shared/conformance/pricing-cases.jsonl', import.meta.url);
const hasSharedCases = existsSync(SHARED_CASES);
if (!hasSharedCases)
  console.warn(`the shared pricing cases are not there (${SHARED_CASES.pathname}): they were not run`);

/** Our own: the examples of the format's description, the edges of each rule (M), some drawn at random for each model (N, F). */
const OWN_CASES = new URL('own-cases.jsonl', import.meta.url);

function casesOf(lines: readonly CaseLine[]): [id: string, model: string, one: PricingCase][] {
  return lines.map((line) => {
    if ('problem' in line) throw new Error(`line ${line.line}: ${line.problem}`);
    return [line.case.id, line.case.model, line.case];
  });
}

const shared = hasSharedCases ? casesOf(readCases(SHARED_CASES)) : [];
const own = casesOf(readCases(OWN_CASES));

describe.skipIf(!hasSharedCases)('cases of other billing systems', () => {
  test.each(shared)('%s %s', (_id, _model, one) => {
    expect(runCase(one)).toMatchObject({ isRight: true });
  });
});

describe('our own cases', () => {
  test.each(own)('%s %s', (_id, _model, one) => {
    expect(runCase(one)).toMatchObject({ isRight: true });
  });

  test('there are some for every model of the others', () => {
    const models = new Set(own.map(([, model]) => model));
    expect(shared.map(([, model]) => model).filter((model) => !models.has(model))).toEqual([]);
  });

  test('each has an id of its own', () => {
    expect(new Set(own.map(([id]) => id)).size).toBe(own.length);
  });
});
