import type { Charge } from '../domain/plan.ts';
import { fieldPathText } from './catalogue-problem.ts';
import { CHARGE } from './charge-form.ts';
import { NumberText, readYaml, type YamlValue } from './yaml-source.ts';

/** What is wrong with the form of a charge: `{path: 'price.unitPrice', message: '…'}`. */
export interface ChargeProblem {
  readonly path: string;
  readonly message: string;
}

/**
 * A charge as catalogue files have them, of its YAML, or of a value that was read with numbers as they are spelled. Whether it can be
 * priced is checked by the rules of price lists.
 */
export function parseCharge(given: YamlValue): Charge | { readonly problems: readonly ChargeProblem[] } {
  const read = typeof given === 'string' ? readYaml(given) : { value: given };
  if ('problems' in read) return { problems: read.problems.map(({ path, message }) => ({ path, message })) };
  if (isNoMap(read.value)) return { problems: [{ path: '', message: 'must be a charge as plans have them: a map' }] };
  const parsed = CHARGE.safeParse(read.value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue): ChargeProblem[] => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code !== 'unrecognized_keys') return [{ path: fieldPathText(path), message: issue.message }];
    return issue.keys.map((name) => ({ path: fieldPathText([...path, name]), message: 'is not a field of a charge' }));
  });
  return { problems };
}

function isNoMap(value: YamlValue): boolean {
  return value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof NumberText;
}
