import { requireInstant, type InstantText } from '../domain/instant.ts';
import type { CreditLine } from '../domain/invoice.ts';
import type { AmountMinor } from '../domain/money.ts';
import { type Exact, ZERO } from './exact.ts';
import type { CreditGrant } from './inputs.ts';

/**
 * What credits pay of a total, in the order in which they are drawn: what invoices carried first, then by priority, then what expires
 * first, then what was granted first. Never more than there is to pay, nor than a grant has left; nothing of an expired one.
 *
 * @param periodEnd of the period that is billed: a grant pays for time that it lasted
 */
export function drawCredits(
  totalMinor: AmountMinor,
  grants: readonly CreditGrant[],
  periodEnd: InstantText,
): readonly CreditLine[] {
  const end = requireInstant(periodEnd);
  let left = totalMinor;
  const drawn: CreditLine[] = [];
  for (const { id, description, balanceMinor, expiresAt } of grants.toSorted(byOrderOfDrawing)) {
    const isExpired = expiresAt !== null && requireInstant(expiresAt) < end;
    const amount = smaller(BigInt(balanceMinor), left);
    if (isExpired || amount <= 0n) continue;
    left -= amount;
    drawn.push({ grant: id, description, amountMinor: amount.toString() });
  }
  return drawn;
}

/** Never more back than was paid: what a credit may come to beside earlier ones on the same payment. Not negative. */
export function cappedCredit(
  potential: Exact,
  { paid, credited }: { readonly paid: Exact; readonly credited: Exact },
): Exact {
  return potential.atMost(paid.minus(credited)).atLeast(ZERO);
}

function byOrderOfDrawing(a: CreditGrant, b: CreditGrant): number {
  return (
    Number(b.kind === 'carried') - Number(a.kind === 'carried') ||
    a.priority - b.priority ||
    expiry(a) - expiry(b) ||
    requireInstant(a.grantedAt) - requireInstant(b.grantedAt) ||
    (a.id < b.id ? -1 : 1)
  );
}

/** Far behind every instant, and finite, so that two of them are equal. */
const NEVER = Number.MAX_SAFE_INTEGER;

function expiry({ expiresAt }: CreditGrant): number {
  return expiresAt === null ? NEVER : requireInstant(expiresAt);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
