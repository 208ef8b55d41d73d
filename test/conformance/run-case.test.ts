import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { readCase, readCases } from '../../tools/conformance/pricing-case.ts';
import { reportOf } from '../../tools/conformance/report-cases.ts';
import { runCase } from '../../tools/conformance/run-case.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A case as a file has it, with some of its fields changed. */
function run(changes: Readonly<Record<string, unknown>>): ReturnType<typeof runCase> {
  const plain = { id: 'X1', model: 'per_unit', params: { unit: '0.5' }, input: { quantity: '5' }, expected: '2.5' };
  return runCase(readCase(JSON.stringify({ ...plain, ...changes })));
}

describe('an answer', () => {
  test('is compared as a decimal, by its value', () => {
    expect(run({})).toEqual({ isRight: true, got: '2.5' });
    expect(run({ expected: '2.500' }).isRight).toBe(true);
    expect(run({ expected: '2.51' })).toEqual({ isRight: false, got: '2.5' });
    expect(run({ expected: '-2.5' }).isRight).toBe(false);
  });

  test('without a decimal is equal to no decimal near it', () => {
    const input = { from: '2026-04-01', to: '2026-04-08' };
    const ratio = run({ model: 'ratio', params: { period: ['2026-04-01', '2026-05-01'] }, input, expected: '0.23333' });
    expect(ratio).toEqual({ isRight: false, got: '7/30' });
  });

  test('that is a list has the same strings in the same order', () => {
    const starts = { model: 'period_starts', params: undefined, input: { anchor: '2025-08-31', steps: 1 } };
    expect(run({ ...starts, expected: ['2025-08-31', '2025-09-30'] }).isRight).toBe(true);
    expect(run({ ...starts, expected: ['2025-09-30', '2025-08-31'] }).isRight).toBe(false);
    expect(run({ ...starts, expected: ['2025-08-31'] }).isRight).toBe(false);
    expect(run({ ...starts, expected: '2025-08-31' }).isRight).toBe(false);
  });

  test('is read from every digit of a number in JSON', () => {
    const text =
      '{"id":"X","model":"per_unit","params":{"unit":1},"input":{"quantity":9007199254740993},"expected":"9007199254740993"}';
    expect(runCase(readCase(text))).toEqual({ isRight: true, got: '9007199254740993' });
  });
});

describe('a failure, and never a skip, is', () => {
  test.each([
    ['a model that is not known', { model: 'surge' }, 'the model is not known'],
    ['the name of something every object has', { model: 'constructor' }, 'the model is not known'],
    ['a policy that is not known', { policy: 'flat_at_zero=maybe' }, 'there is no policy flat_at_zero=maybe'],
    ['a field that is missing', { params: {} }, 'unit must be a plain decimal'],
    ['a number that is none', { input: { quantity: 'many' } }, 'quantity must be a plain decimal'],
    [
      'usage without a price',
      { model: 'volume', params: { tiers: [{ up_to: 3, unit: '1' }] } },
      'no band is open for 5: the last one ends at 3',
    ],
    ['a plan that could not be applied', { params: { unit: '-1' } }, '-1 is negative'],
    [
      'usage of a unit that has no price',
      { model: 'graduated_blocks_multi_unit', params: {}, input: { calls: '1' } },
      'there is no price of calls',
    ],
  ])('%s', (_what, changes, why) => {
    const { isRight, got } = run(changes);
    expect(isRight).toBe(false);
    expect(got).toMatch(/^no answer: /);
    expect(got).toContain(why);
  });

  test('a line that is no case', () => {
    const path = fileOf('{"id":"A"}\n\nnot json\r\n');
    expect(readCases(path)).toEqual([
      { line: 1, problem: 'a case needs an id and a model' },
      { line: 3, problem: expect.stringContaining('not') as string },
    ]);
  });
});

function fileOf(text: string): string {
  const path = join(temporaryFolder(), 'cases.jsonl');
  writeFileSync(path, text);
  return path;
}

describe('the report of a file', () => {
  const right = '{"id":"A","model":"round","params":{"exponent":0},"input":{"amount":"8.5"},"expected":"9"}';
  const wrong = right.replace('"A"', '"B"').replace('"9"', '"8"');

  test('has one line for each failed case, then the totals', () => {
    const path = fileOf(`\uFEFF${right}\r\n${wrong}\r\n\r\n{"id":"C"}`);
    expect(reportOf(readCases(path))).toEqual({
      output: ['FAIL B round: expected 8, got 9', 'FAIL line 4: a case needs an id and a model', '1 passed, 2 failed'],
      failed: 2,
    });
  });

  test('has the totals alone when all is right', () => {
    expect(reportOf(readCases(fileOf(right)))).toEqual({ output: ['1 passed, 0 failed'], failed: 0 });
  });

  test('of a file without cases is a failure', () => {
    expect(reportOf(readCases(fileOf('\n'))).failed).toBe(1);
  });
});
