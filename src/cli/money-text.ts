import { formatMinor } from '../domain/money.ts';
import { groupDigits } from './table.ts';

/**
 * Minor units in major units with all digits, thousands set apart: `859200` USD is `8,592.00`. By the table that bills are made with: the
 * runtime's currency data leave out minor units that are not in daily use, and so show 100 times too much of a forint.
 */
export function amountText(amountMinor: string, currency: string): string {
  return groupDigits(formatMinor(BigInt(amountMinor), currency));
}
