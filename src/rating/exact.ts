import { isPlainDecimal } from '../domain/decimal.ts';

/**
 * An exact rational number, which is what rating computes with: a sixtieth of an hour or 10 of 31 days have no decimal, and nothing is
 * rounded on the way. Nearly all numbers of a bill are decimals, so those are added and multiplied as whole numbers of 10⁻ᵈ, without
 * the divisors in common that a fraction needs; what a division makes is a reduced fraction.
 */
export class Exact {
  readonly #numerator: bigint;
  /** Above zero. A power of ten where the value is a decimal by its making. */
  readonly #denominator: bigint;
  /** Digits behind the point: the denominator is 10 to this power. `null`: it is any other. */
  readonly #digits: number | null;

  private constructor(numerator: bigint, denominator: bigint, digits: number | null) {
    this.#numerator = numerator;
    this.#denominator = denominator;
    this.#digits = digits;
  }

  /** Reads a plain decimal (`-12.50`) or an integer. Throws `RangeError` on anything else. */
  static of(value: string | bigint): Exact {
    if (typeof value === 'bigint') return new Exact(value, 1n, 0);
    if (!isPlainDecimal(value)) throw new RangeError(`not a plain decimal: ${JSON.stringify(value)}`);
    const point = value.indexOf('.');
    if (point < 0) return new Exact(BigInt(value), 1n, 0);
    const digits = value.length - point - 1;
    return new Exact(BigInt(value.slice(0, point) + value.slice(point + 1)), powerOfTen(digits), digits);
  }

  static ratio(numerator: bigint, denominator: bigint): Exact {
    if (denominator === 0n) throw new RangeError('a ratio to nothing');
    const sign = denominator < 0n ? -1n : 1n;
    const divisor = greatestCommonDivisor(numerator, denominator);
    const [top, bottom] = [(sign * numerator) / divisor, (sign * denominator) / divisor];
    return new Exact(top, bottom, bottom === 1n ? 0 : null);
  }

  static sum(values: readonly Exact[]): Exact {
    return values.reduce((sum, value) => sum.plus(value), ZERO);
  }

  plus(other: Exact): Exact {
    const [mine, others, digits] = [this.#digits, other.#digits, this.#digits];
    if (mine === null || others === null || digits === null) {
      return Exact.ratio(
        this.#numerator * other.#denominator + other.#numerator * this.#denominator,
        this.#denominator * other.#denominator,
      );
    }
    if (mine === others) return new Exact(this.#numerator + other.#numerator, this.#denominator, mine);
    if (mine > others) {
      return new Exact(this.#numerator + other.#numerator * powerOfTen(mine - others), this.#denominator, mine);
    }
    return new Exact(this.#numerator * powerOfTen(others - mine) + other.#numerator, other.#denominator, others);
  }

  minus(other: Exact): Exact {
    return this.plus(other.negated());
  }

  times(other: Exact): Exact {
    const numerator = this.#numerator * other.#numerator;
    if (this.#digits === null || other.#digits === null) {
      return Exact.ratio(numerator, this.#denominator * other.#denominator);
    }
    const digits = this.#digits + other.#digits;
    return new Exact(numerator, powerOfTen(digits), digits);
  }

  /** Throws `RangeError` for a divisor of zero. */
  dividedBy(other: Exact): Exact {
    if (other.isZero) throw new RangeError(`${this.text} cannot be divided by 0`);
    return Exact.ratio(this.#numerator * other.#denominator, this.#denominator * other.#numerator);
  }

  negated(): Exact {
    return new Exact(-this.#numerator, this.#denominator, this.#digits);
  }

  get isZero(): boolean {
    return this.#numerator === 0n;
  }

  get isNegative(): boolean {
    return this.#numerator < 0n;
  }

  equals(other: Exact): boolean {
    return this.#compare(other) === 0n;
  }

  isAbove(other: Exact): boolean {
    return this.#compare(other) > 0n;
  }

  isBelow(other: Exact): boolean {
    return this.#compare(other) < 0n;
  }

  /** Above zero where this is more, below where it is less. */
  #compare(other: Exact): bigint {
    if (this.#denominator === other.#denominator) return this.#numerator - other.#numerator;
    return this.#numerator * other.#denominator - other.#numerator * this.#denominator;
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
    return this.negated().floor().negated();
  }

  /** The next whole number that is not above. */
  floor(): Exact {
    if (this.#denominator === 1n) return this;
    const towardsZero = this.#numerator / this.#denominator;
    const isBelow = this.isNegative && towardsZero * this.#denominator !== this.#numerator;
    return new Exact(isBelow ? towardsZero - 1n : towardsZero, 1n, 0);
  }

  /** Half away from zero, to `digits` behind the point. Amounts are rounded in `rounding.ts` alone. */
  rounded(digits: number): Exact {
    const scale = powerOfTen(digits);
    const size = this.isNegative ? -this.#numerator : this.#numerator;
    const scaled = (2n * size * scale + this.#denominator) / (2n * this.#denominator);
    return new Exact(this.isNegative ? -scaled : scaled, scale, digits);
  }

  /** The one canonical spelling: a plain decimal where there is one, else `numerator/denominator`; `0`, never `-0`. */
  get text(): string {
    if (this.#digits !== null) return decimalText(this.#numerator, this.#digits);
    const digits = digitsOf(this.#denominator);
    if (digits === undefined) return `${this.#numerator}/${this.#denominator}`;
    return decimalText((this.#numerator * powerOfTen(digits)) / this.#denominator, digits);
  }
}

/** Powers that bills need; larger ones are computed when they are asked for. */
const POWERS_OF_TEN: readonly bigint[] = Array.from({ length: 64 }, (_, digits) => 10n ** BigInt(digits));

function powerOfTen(digits: number): bigint {
  return POWERS_OF_TEN[digits] ?? 10n ** BigInt(digits);
}

function greatestCommonDivisor(one: bigint, other: bigint): bigint {
  let [large, small] = [one < 0n ? -one : one, other < 0n ? -other : other];
  while (small > 0n) [large, small] = [small, large % small];
  return large;
}

/** So many whole units of the last digit, without zeros at the end of the fraction. */
function decimalText(units: bigint, digits: number): string {
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, '0');
  const sign = units < 0n ? '-' : '';
  if (digits === 0) return sign + text;
  let end = text.length;
  const point = text.length - digits;
  while (end > point && text.charCodeAt(end - 1) === CODE_OF_ZERO) end -= 1;
  const fraction = end === point ? '' : `.${text.slice(point, end)}`;
  return sign + text.slice(0, point) + fraction;
}

const CODE_OF_ZERO = 48;

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
function digitsOf(denominator: bigint): number | undefined {
  let rest = denominator;
  let [twos, fives] = [0, 0];
  for (; rest % 2n === 0n; rest /= 2n) twos += 1;
  for (; rest % 5n === 0n; rest /= 5n) fives += 1;
  return rest === 1n ? Math.max(twos, fives) : undefined;
}
