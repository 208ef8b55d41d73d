import { readAroundBill } from '../src/invoice/around-bill.ts';
import { lockPayers } from '../src/invoice/lock-payers.ts';
import type { Queryable } from '../src/ledger/database.ts';
import type { RatingInputs } from '../src/rating/inputs.ts';

/** The inputs of a bill with what stands around its prices, or what keeps it from being billed. */
export type GatheredAround = { readonly inputs: RatingInputs } | { readonly problems: readonly string[] };

/**
 * Adds what only one bill may have: charges made once, coupons and credits. It locks tenant and payer until the transaction ends,
 * which must save the draft: so no two ratings are given the same. Call it last, so that the locks are held for a short time.
 */
export async function gatherAround(client: Queryable, inputs: RatingInputs): Promise<GatheredAround> {
  await lockPayers(client, [inputs.identity.tenant, inputs.tenant.billTo]);
  return foreseeAround(client, inputs);
}

/** The same without locks, where nothing is saved: what the bill would have if it were made now. */
export async function foreseeAround(client: Queryable, inputs: RatingInputs): Promise<GatheredAround> {
  const { identity, period } = inputs;
  const { billTo, currency } = inputs.tenant;
  const read = await readAroundBill(client, { identity, period, billTo, currency });
  return 'problems' in read ? read : { inputs: { ...inputs, ...read.around } };
}
