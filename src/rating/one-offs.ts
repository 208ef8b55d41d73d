import type { InvoiceLine } from '../domain/invoice.ts';
import { exact } from './exact.ts';
import type { RatingInputs } from './inputs.ts';
import { ofWholeBill } from './invoice-lines.ts';
import { lineStep, spoken } from './sentences.ts';
import { roundedLine } from './usage-lines.ts';

/** One line for each charge that is made once. */
export function oneOffLines(inputs: RatingInputs): InvoiceLine[] {
  return (inputs.oneOffs ?? []).map(({ id, description, amount, at }) => {
    const due = exact(amount);
    return {
      key: `one_off:${id}`,
      kind: 'one_off',
      description,
      quantity: '1',
      unit: 'charge',
      ...roundedLine(due, [lineStep('one_off', `once, ${spoken(due)}`, due)], inputs.tenant.currency),
      provenance: { ...ofWholeBill(inputs), from: at, to: at, oneOff: id },
    };
  });
}
