import { z } from 'zod';

import { CATALOGUE_FILE } from './catalogue-file.ts';

/**
 * The form of a catalogue file as a JSON Schema, for editors that complete and check while somebody types. It is made of the same
 * declarations as the reader. Draft 7, which is what editors of YAML know.
 *
 * What a file refers to (meters, plans, dimensions) and the rules of price lists are no matter of form: `tollkeeper plan` says them.
 */
export function catalogueSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...form } = z.toJSONSchema(CATALOGUE_FILE, { io: 'input', target: 'draft-7' });
  return {
    $schema: $schema ?? null,
    title: 'A catalogue file of Tollkeeper',
    description:
      'Meters, plans and tenants: what is sold to whom. Amounts are in major units: 20.00 is twenty dollars.',
    ...form,
  };
}
