import Fraction from 'fraction.js';

import { isPlainDecimal } from '../domain/decimal.ts';

/**
 * An exact rational number, which is what rating computes with: a sixtieth of an hour or 10 of 31 days have no decimal, and nothing is
 * rounded on the way. A thin layer over fraction.js, which would also take a JavaScript number: here none can come in.
 */
export class Exact {
  readonly #value: Fraction;

  private constructor(value: Fraction) {
    this.#value = value;
  }

  /** Reads a plain decimal (`-12.50`) or an integer. Throws `RangeError` on anything else. */
  static of(value: string | bigint): Exact {
    if (typeof value === 'string' && !isPlainDecimal(value)) {
      throw new RangeError(`not a plain decimal: ${JSON.stringify(value)}`);
    }
    return new Exact(new Fraction(value));
  }

  static ratio(numerator: bigint, denominator: bigint): Exact {
    if (denominator === 0n) throw new RangeError('a ratio to nothing');
    return new Exact(new Fraction(numerator, denominator));
  }

  static sum(values: readonly Exact[]): Exact {
    return values.reduce((sum, value) => sum.plus(value), ZERO);
  }

  plus(other: Exact): Exact {
    return new Exact(this.#value.add(other.#value));
  }

  minus(other: Exact): Exact {
    return new Exact(this.#value.sub(other.#value));
  }

  times(other: Exact): Exact {
    return new Exact(this.#value.mul(other.#value));
  }

  /** Throws `RangeError` for a divisor of zero. */
  dividedBy(other: Exact): Exact {
    if (other.isZero) throw new RangeError(`${this.text} cannot be divided by 0`);
    return new Exact(this.#value.div(other.#value));
  }

  negated(): Exact {
    return new Exact(this.#value.neg());
  }

  get isZero(): boolean {
    return this.#value.n === 0n;
  }

  get isNegative(): boolean {
    return this.#value.s < 0n;
  }

  equals(other: Exact): boolean {
    return this.#value.equals(other.#value);
  }

  isAbove(other: Exact): boolean {
    return this.#value.compare(other.#value) > 0;
  }

  isBelow(other: Exact): boolean {
    return this.#value.compare(other.#value) < 0;
  }

  /** The smaller of both. */
  atMost(other: Exact): Exact {
    return this.isAbove(other) ? other : this;
  }

  /** The greater of both. */
  atLeast(other: Exact): Exact {
    return this.isBelow(other) ? other : this;
  }

  /** The next whole number that is not below. */
  ceiling(): Exact {
    return new Exact(this.#value.ceil());
  }

  /** The next whole number that is not above. */
  floor(): Exact {
    return new Exact(this.#value.floor());
  }

  /** Half away from zero, to `digits` behind the point. Amounts are rounded in `rounding.ts` alone. */
  rounded(digits: number): Exact {
    const scale = 10n ** BigInt(digits);
    const { n, d, s } = this.#value;
    const scaled = (2n * n * scale + d) / (2n * d);
    return new Exact(new Fraction(s < 0n ? -scaled : scaled, scale));
  }

  /** The one canonical spelling: a plain decimal where there is one, else `numerator/denominator`; `0`, never `-0`. */
  get text(): string {
    const { n, d, s } = this.#value;
    const digits = decimalDigits(d);
    const sign = s < 0n ? '-' : '';
    if (digits === undefined) return `${sign}${n}/${d}`;
    if (digits === 0) return `${sign}${n}`;
    const text = ((n * 10n ** BigInt(digits)) / d).toString().padStart(digits + 1, '0');
    return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
  }
}

export const ZERO: Exact = Exact.of(0n);
export const ONE: Exact = Exact.of(1n);

/** Reads a plain decimal exactly: `Exact.of` by a shorter name, since prices are full of it. */
export function exact(value: string | bigint): Exact {
  return Exact.of(value);
}

/** Reads what `text` wrote, which may be `numerator/denominator`. Throws `RangeError` on anything else. */
export function exactOfText(text: string): Exact {
  const [numerator = '', denominator] = text.split('/');
  return denominator === undefined ? exact(numerator) : exact(numerator).dividedBy(exact(denominator));
}

/** Digits behind the point of a reduced fraction with this denominator; `undefined` where they never end. */
function decimalDigits(denominator: bigint): number | undefined {
  let rest = denominator;
  let [twos, fives] = [0, 0];
  for (; rest % 2n === 0n; rest /= 2n) twos += 1;
  for (; rest % 5n === 0n; rest /= 5n) fives += 1;
  return rest === 1n ? Math.max(twos, fives) : undefined;
}
