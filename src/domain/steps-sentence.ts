import type { LineStep } from './invoice.ts';

/** Steps that conclude from the others instead of adding to them. */
const CONCLUSIONS: ReadonlySet<string> = new Set(['sum', 'rounding']);

/**
 * The steps of an invoice line as one sentence: `1,000,000 × 0 = 0, then 17,059,974 × 0.000003 = 51.179922, rounded to 51.18`.
 */
export function stepsSentence(steps: readonly LineStep[]): string {
  return steps
    .map(({ step, sentence }, index) => {
      if (index === 0) return sentence;
      return `${CONCLUSIONS.has(step) ? ', ' : ', then '}${sentence}`;
    })
    .join('');
}

/** Steps of parts of usage that were priced by themselves. */
const PARTS: ReadonlySet<string> = new Set(['part', 'more_parts']);

/** The same for a page: where there are several parts of usage, each is a line, and what follows from them another. */
export function stepsLines(steps: readonly LineStep[]): string[] {
  const parts = steps.filter(({ step }) => PARTS.has(step));
  if (parts.length < 2) return [stepsSentence(steps)];
  const rest = steps.filter(({ step }) => !PARTS.has(step));
  return [...parts.map(({ sentence }) => sentence), ...(rest.length === 0 ? [] : [stepsSentence(rest)])];
}
