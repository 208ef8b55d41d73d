/** PostgreSQL keeps a numeric as digits of base 10,000. */
const DIGITS_PER_GROUP = 4;
const SIGN_POSITIVE = 0x0000;
const SIGN_NEGATIVE = 0x4000;
const HEAD_BYTES = 8;
/** Quantities repeat: the same few texts make most of a batch. */
const KNOWN_MAX = 4_096;

const known = new Map<string, Buffer>();

/**
 * Writes a plain decimal as PostgreSQL's binary `numeric`: number of groups, weight of the first group, sign, digits behind the
 * point (each two bytes), then the groups. The digits behind the point are kept as they are written, so that `1.50` comes back
 * as `1.50`. Groups of zeros at both ends are left out, as PostgreSQL itself does: one text has one form.
 *
 * @param decimal a plain decimal; the caller has bounded its length
 */
export function numericBytes(decimal: string): Buffer {
  const found = known.get(decimal);
  if (found !== undefined) return found;
  if (known.size >= KNOWN_MAX) known.clear();
  const bytes = encodeNumeric(decimal);
  known.set(decimal, bytes);
  return bytes;
}

function encodeNumeric(decimal: string): Buffer {
  const isNegative = decimal.startsWith('-');
  const [whole = '', fraction = ''] = (isNegative ? decimal.slice(1) : decimal).split('.');
  const wholeGroups = Math.ceil(whole.length / DIGITS_PER_GROUP);
  const fractionGroups = Math.ceil(fraction.length / DIGITS_PER_GROUP);
  const digits =
    whole.padStart(wholeGroups * DIGITS_PER_GROUP, '0') + fraction.padEnd(fractionGroups * DIGITS_PER_GROUP, '0');
  const groups = Array.from({ length: wholeGroups + fractionGroups }, (_, index) =>
    Number(digits.slice(index * DIGITS_PER_GROUP, (index + 1) * DIGITS_PER_GROUP)),
  );
  const first = groups.findIndex((group) => group !== 0);
  const kept = first === -1 ? [] : groups.slice(first, groups.findLastIndex((group) => group !== 0) + 1);
  const bytes = Buffer.alloc(HEAD_BYTES + kept.length * 2);
  bytes.writeInt16BE(kept.length, 0);
  bytes.writeInt16BE(kept.length === 0 ? 0 : wholeGroups - 1 - first, 2);
  bytes.writeUInt16BE(isNegative && kept.length > 0 ? SIGN_NEGATIVE : SIGN_POSITIVE, 4);
  bytes.writeInt16BE(fraction.length, 6);
  kept.forEach((group, index) => bytes.writeInt16BE(group, HEAD_BYTES + index * 2));
  return bytes;
}
