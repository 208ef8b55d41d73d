import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { planOf } from '../../src/catalog/definitions.ts';
import { parseCatalogue } from '../../src/catalog/parse-catalogue.ts';
import type { Charge, PlanVersion } from '../../src/domain/plan.ts';
import { Exact, exact } from '../../src/rating/exact.ts';
import type { ChargeUsage, UsageFigures } from '../../src/rating/inputs.ts';
import { readingOf } from '../../src/rating/reading-of.ts';
import { billOf, exactSum, inputsOf, metersOf, wholePeriod } from '../../tools/conformance/case-inputs.ts';
import { readCases } from '../../tools/conformance/pricing-case.ts';

const page = readFileSync('docs/conformance.md', 'utf8');

interface Figure {
  readonly plan: PlanVersion;
  readonly model: string;
  readonly usage: string;
  readonly figure: string;
}

function figuresOf(block: string): Figure[] {
  const yaml = `plans:\n  - key: example\n    currency: USD\n${block.replaceAll(/^/gm, '    ')}`;
  const [file] = parseCatalogue(yaml, 'docs/conformance.md').file.plans;
  if (file === undefined) throw new Error(`no plan in ${block}`);
  return [...block.matchAll(/^# (.+?): (.+) → (.+)$/gm)].map(([, model = '', usage = '', figure = '']) => {
    return { plan: planOf(file, 1), model, usage: usage.replaceAll(',', ''), figure };
  });
}

const blocks = [...page.matchAll(/^```yaml plan\n([^]*?)^```$/gm)].map(([, block = '']) => block);
const figures = blocks.flatMap(figuresOf);

/** `9; 15` are events, buckets or groups, whichever the charge reads. */
function figuresRead(charge: Charge, usage: string): UsageFigures {
  const reading = readingOf(charge);
  if (reading.reads === 'quantity') return { quantity: usage };
  const values = usage.split('; ');
  const sum = Exact.sum(values.map((value) => exact(value))).text;
  if (reading.reads === 'events') return { quantity: sum, amounts: values.map((value) => [value, 1] as const) };
  const parts = values.map((quantity, index) => ({
    values: charge.groupBy === undefined ? {} : { [charge.groupBy]: `value ${index}` },
    bucket: reading.bucket === null ? null : `2026-01-${String(index + 1).padStart(2, '0')}T00:00:00Z`,
    quantity,
    eventCount: '1',
  }));
  return { quantity: sum, parts };
}

/** The usage of each charge: of the one there is, or `name quantity; name quantity`. */
function usageOf({ charges }: PlanVersion, usage: string): ChargeUsage[] {
  const named = usage.split('; ').map((one) => one.split(' '));
  return charges.map((charge) => {
    const own = named.find(([name]) => name === charge.key)?.[1] ?? usage;
    return { charge: charge.key, eventCount: '1', ledgerRange: null, ...figuresRead(charge, own) };
  });
}

function billed({ plan, usage }: Figure): string {
  const meters = metersOf(
    plan.charges.map((charge) => ({
      charge,
      aggregation: charge.price.model === 'capacity' ? 'max' : 'sum',
      usage: { quantity: '0' },
    })),
  ).map((meter) => ({ ...meter, dimensions: ['region'] }));
  const span = wholePeriod(plan, []);
  const quantities = (plan.fixedQuantities ?? []).map(({ key }) => ({
    key,
    from: span.from,
    to: span.to,
    quantity: usage,
  }));
  return exactSum(billOf(inputsOf([{ ...span, usage: usageOf(plan, usage), quantities }], meters)).lines).text;
}

describe('docs/conformance.md', () => {
  test.each(figures)('$model: $usage → $figure', (one) => {
    expect(billed(one)).toBe(one.figure);
  });

  test('has a figure in every plan', () => {
    expect(blocks.filter((block) => figuresOf(block).length === 0)).toEqual([]);
  });

  test('names every model that there are cases of', () => {
    const words = new Set(page.match(/\w+/g));
    const models = readCases(new URL('own-cases.jsonl', import.meta.url)).flatMap((line) => {
      return 'case' in line ? [line.case.model] : [];
    });
    expect(models.length).toBeGreaterThan(100);
    expect(models.filter((model) => !words.has(model))).toEqual([]);
  });
});
