/** PostgreSQL keeps a numeric as digits of base 10,000. */
const DIGITS_PER_GROUP = 4;
const SIGN_POSITIVE = 0x0000;
const SIGN_NEGATIVE = 0x4000;
const HEAD_BYTES = 8;
const ZERO = '0'.charCodeAt(0);
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

/** Without lists and texts in between: the sums of a batch's rollups are new texts each time. */
function encodeNumeric(decimal: string): Buffer {
  const digitsStart = decimal.startsWith('-') ? 1 : 0;
  const point = decimal.indexOf('.');
  const wholeEnd = point === -1 ? decimal.length : point;
  const fractionStart = point === -1 ? decimal.length : point + 1;
  const fractionDigits = decimal.length - fractionStart;
  const wholeGroups = Math.ceil((wholeEnd - digitsStart) / DIGITS_PER_GROUP);
  const groups = wholeGroups + Math.ceil(fractionDigits / DIGITS_PER_GROUP);
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + groups * 2);
  let first = 0;
  let kept = 0;
  for (let group = 0; group < groups; group += 1) {
    // Whole groups are counted from the point to the left, and the first one may be short; the last one behind it is filled up with zeros.
    const start =
      group < wholeGroups
        ? wholeEnd - (wholeGroups - group) * DIGITS_PER_GROUP
        : fractionStart + (group - wholeGroups) * DIGITS_PER_GROUP;
    const value = groupAt(decimal, Math.max(start, digitsStart), start + DIGITS_PER_GROUP);
    if (value === 0 && kept === 0) {
      first = group + 1;
      continue;
    }
    bytes.writeInt16BE(value, HEAD_BYTES + (group - first) * 2);
    if (value !== 0) kept = group - first + 1;
  }
  bytes.writeInt16BE(kept, 0);
  bytes.writeInt16BE(kept === 0 ? 0 : wholeGroups - 1 - first, 2);
  bytes.writeUInt16BE(digitsStart === 1 && kept > 0 ? SIGN_NEGATIVE : SIGN_POSITIVE, 4);
  bytes.writeInt16BE(fractionDigits, 6);
  return bytes.subarray(0, HEAD_BYTES + kept * 2);
}

/** The digits from `start` up to `end` as a number; digits behind the text are zeros. */
function groupAt(decimal: string, start: number, end: number): number {
  let value = 0;
  for (let place = start; place < end; place += 1) {
    value = value * 10 + (place < decimal.length ? decimal.charCodeAt(place) - ZERO : 0);
  }
  return value;
}
