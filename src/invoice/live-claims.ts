/**
 * The condition, on an invoice `i`, that what it claims counts: charges made once, uses of a coupon and credit that a rejected or void
 * invoice had are free again.
 */
export const CLAIMS_COUNT = `i.status not in ('rejected', 'void')`;
