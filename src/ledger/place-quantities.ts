import { canonicalJson } from '../domain/canonical.ts';

/** A quantity of one charge, in all or of some values of dimensions. */
export interface PlaceQuantity {
  readonly charge: string;
  /** `null`: in all. */
  readonly values: Readonly<Record<string, string>> | null;
  /** A plain decimal. */
  readonly quantity: string;
}

/** A row of `group by grouping sets ((charge), (charge, part_values))`. */
export interface PlaceRow {
  readonly charge: string;
  readonly is_total: boolean;
  readonly part_values: Readonly<Record<string, string>>;
  readonly quantity: string;
}

/** Reads such rows. */
export function placeQuantities(rows: readonly PlaceRow[]): PlaceQuantity[] {
  return rows.map(({ charge, is_total, part_values, quantity }) => {
    return { charge, values: is_total ? null : part_values, quantity };
  });
}

/** Looks quantities up by where they belong; what is not there is 0. */
export class QuantitiesByPlace {
  readonly #quantities: ReadonlyMap<string, string>;

  constructor(quantities: readonly PlaceQuantity[]) {
    this.#quantities = new Map(quantities.map(({ charge, values, quantity }) => [nameOf(charge, values), quantity]));
  }

  /** @param values of a part; `null`: in all */
  get(charge: string, values: Readonly<Record<string, string>> | null): string {
    return this.#quantities.get(nameOf(charge, values)) ?? '0';
  }
}

function nameOf(charge: string, values: Readonly<Record<string, string>> | null): string {
  return canonicalJson([charge, values]);
}
