import { isPlainDecimal } from '../domain/decimal.ts';
import { parseInstant } from '../domain/instant.ts';
import type { Discount } from '../domain/plan.ts';
import { checkAmount, checkShare, isMinorUnits } from './check-decimal.ts';
import type { RatingInputs } from './inputs.ts';

/** What keeps charges made once, coupons and credits from being billed, as sentences. Each is given once, and can be read. */
export function checkAround({ oneOffs = [], coupons = [], grants = [], late }: RatingInputs): string[] {
  return [
    ...oneOffs
      .filter(({ amount }) => !isPlainDecimal(amount))
      .map((one) => unreadable('one-off charge', one.id, one.amount)),
    ...[...coupons, ...late.flatMap((one) => one.coupons ?? [])].flatMap(({ id, discount }) =>
      checkCoupon(id, discount),
    ),
    ...grants
      .filter(({ balanceMinor }) => !isMinorUnits(balanceMinor))
      .map((one) => unreadable('credit', one.id, one.balanceMinor)),
    ...grants.flatMap(({ id, expiresAt, grantedAt }) => {
      const isReadable = [expiresAt ?? grantedAt, grantedAt].every((at) => parseInstant(at) !== undefined);
      return isReadable ? [] : [`credit ${id} is granted or expires at no instant: ${grantedAt}, ${expiresAt}`];
    }),
    ...repeated('one-off charge', oneOffs),
    ...repeated('coupon', coupons),
    ...late.flatMap((one) => repeated('late coupon', one.coupons ?? [])),
    ...repeated('credit', grants),
  ];
}

function checkCoupon(id: string, discount: Discount): string[] {
  const problems =
    'percent' in discount ? checkShare(discount.percent, 'percent') : checkAmount(discount.amount, 'amount');
  return problems.map(({ path, message }) => `coupon ${id}, ${path}: ${message}`);
}

function unreadable(what: string, id: string, amount: string): string {
  return `the amount of ${what} ${id} cannot be read: ${JSON.stringify(amount)}`;
}

function repeated(what: string, given: readonly { readonly id: string }[]): string[] {
  const known = new Set<string>();
  const again = given.filter(({ id }) => known.size === known.add(id).size);
  return again.map(({ id }) => `${what} ${id} is given twice`);
}
