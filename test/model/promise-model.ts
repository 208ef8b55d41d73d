import type { Outcome } from '../../src/domain/outcome.ts';

/**
 * What Tollkeeper must do, in plain code: the ids that Redis remembers, the events that are in the books with their periods, and the
 * limits that hold. It knows nothing of processes, journals, gates or epochs: whatever happens to them, its answers are the true ones.
 */

/** The clock of a run stands still here; all tenants are billed by the week, and this is in the third. */
export const NOW = '2026-11-20T10:30:15Z';
/** Starts of the periods; the first two may be sealed. */
export const PERIODS = ['2026-11-02T00:00:00Z', '2026-11-09T00:00:00Z', '2026-11-16T00:00:00Z'] as const;
export const OPEN_PERIOD = PERIODS[2];

/** Instants of events: of each period, and beyond what is taken. */
export const INSTANTS = {
  tooLate: '2026-10-03T08:00:00Z',
  first: '2026-11-03T08:00:00Z',
  second: '2026-11-12T08:00:00Z',
  lately: '2026-11-20T10:00:00Z',
  ahead: '2026-11-20T10:33:00Z',
  tooEarly: '2026-11-20T12:00:00Z',
} as const;

/** One event as it is sent, without its tenant's name. */
export interface Sketch {
  readonly id: string;
  /** `work` feeds four meters, `extra` one that may come later, `other` none. */
  readonly type: 'work' | 'extra' | 'other';
  readonly at: keyof typeof INSTANTS;
  readonly quantity: number;
  /** Quarters of a token. */
  readonly quarters: number;
  readonly project: string | null;
}

/** A limit of a tenant's own. Quantities are whole units. */
export interface ModelLimit {
  readonly meter: 'units' | 'requests' | 'tokens';
  readonly mode: 'hard' | 'soft';
  readonly dimension: 'project' | null;
  readonly limit: number;
}

/** An event in the books. */
export interface ModelRow {
  readonly sketch: Sketch;
  readonly usagePeriod: string;
  readonly accountingPeriod: string;
  /** Whether its sender was told; one that was not may be lost with Redis without a word. */
  readonly isAnswered: boolean;
}

/** The meters that an event feeds, by their aggregation. */
export const METERS = ['units', 'requests', 'tokens', 'peak', 'extra'] as const;

/** What one event counts for one meter: quarters of whole units; `undefined` where it feeds it not. */
export function readingOf(meter: (typeof METERS)[number], { type, quantity, quarters }: Sketch): number | undefined {
  if (type === 'extra') return meter === 'extra' ? quantity * 4 : undefined;
  if (type !== 'work') return undefined;
  return { units: quantity * 4, requests: 4, tokens: quarters, peak: quantity * 4, extra: undefined }[meter];
}

/** The name of a row: behind the memory of Redis the ledger knows an event by id and instant. */
export const rowName = ({ id, at }: Sketch): string => `${id}@${INSTANTS[at]}`;

function periodOf({ at }: Sketch): string {
  if (at === 'first') return PERIODS[0];
  return at === 'second' ? PERIODS[1] : OPEN_PERIOD;
}

const contentOf = ({ type, at, quantity, quarters, project }: Sketch): string =>
  JSON.stringify([type, at, quantity, type === 'work' ? quarters : 0, project]);

/** One tenant of the model. */
export class TenantModel {
  readonly #remembered = new Map<string, string>();
  readonly rows = new Map<string, ModelRow>();
  /** Taken by Redis although the ledger has them: in the counters until the ledger is asked. */
  #phantoms: Sketch[] = [];
  /** As many, those of sealed periods too: each has a place in the journal, which may be lost. */
  #repeats = 0;
  limits: readonly ModelLimit[] = [];
  hasExtra = false;
  sealed: 0 | 1 | 2 = 0;

  copy(): TenantModel {
    const copy = new TenantModel();
    this.#remembered.forEach((content, id) => copy.#remembered.set(id, content));
    this.rows.forEach((row, name) => copy.rows.set(name, row));
    copy.#phantoms = [...this.#phantoms];
    copy.#repeats = this.#repeats;
    copy.limits = this.limits;
    copy.hasExtra = this.hasExtra;
    copy.sealed = this.sealed;
    return copy;
  }

  /** What the sender of the event is to be told; the event is in the books then, or nothing has changed. */
  take(sketch: Sketch, isAnswered = true): Outcome {
    if (sketch.type === 'other' || (sketch.type === 'extra' && !this.hasExtra)) return 'unknown_type';
    const known = this.#remembered.get(sketch.id);
    if (known !== undefined) return known === contentOf(sketch) ? 'duplicate' : 'conflict';
    if (sketch.at === 'tooLate') return 'too_late';
    if (sketch.at === 'tooEarly') return 'too_early';
    const usagePeriod = periodOf(sketch);
    const open = PERIODS[this.sealed];
    const accountingPeriod = usagePeriod < open ? open : usagePeriod;
    const isLate = accountingPeriod !== usagePeriod;
    if (!isLate && !this.#allows(sketch, usagePeriod)) return 'limit_exceeded';
    this.#remembered.set(sketch.id, contentOf(sketch));
    if (this.rows.has(rowName(sketch))) {
      this.#repeats += 1;
      if (!isLate) this.#phantoms.push(sketch);
    } else this.rows.set(rowName(sketch), { sketch, usagePeriod, accountingPeriod, isAnswered });
    return 'accepted';
  }

  #allows(sketch: Sketch, period: string): boolean {
    return this.limits.every(({ meter, mode, dimension, limit }) => {
      const value = readingOf(meter, sketch);
      if (mode === 'soft' || value === undefined || value === 0) return true;
      return this.used(meter, period, dimension === null ? undefined : sketch.project) + value <= limit * 4;
    });
  }

  /** Quarters of units within a period, late usage apart. `project`: only of this one, `null` of those without. */
  used(meter: ModelLimit['meter'], period: string, project?: string | null): number {
    const inTime = [...this.rows.values()].filter(
      ({ usagePeriod, accountingPeriod }) => usagePeriod === period && accountingPeriod === period,
    );
    const phantoms = this.#phantoms.filter((sketch) => periodOf(sketch) === period);
    return [...inTime.map(({ sketch }) => sketch), ...phantoms]
      .filter((sketch) => project === undefined || sketch.project === project)
      .reduce((sum, sketch) => sum + (readingOf(meter, sketch) ?? 0), 0);
  }

  get hasPhantoms(): boolean {
    return this.#phantoms.length > 0;
  }

  /** The ledger was asked: what it had already is given back. */
  drained(): void {
    this.#phantoms = [];
    this.#repeats = 0;
  }

  /** Redis forgets ids, by age or because it lost them. */
  forgetIds(): void {
    this.#remembered.clear();
  }

  /**
   * Redis is empty: what was not in the ledger is gone. The journal alone knows which of its events the ledger had, so an incident may
   * name those too.
   * @returns how many of the events that are gone had been answered, and how many places of the journal are
   */
  loseJournal(inLedger: ReadonlySet<string>): { answered: number; all: number } {
    const lost = [...this.rows].filter(([name]) => !inLedger.has(name));
    for (const [name] of lost) this.rows.delete(name);
    const all = lost.length + this.#repeats;
    this.drained();
    this.forgetIds();
    return { answered: lost.filter(([, { isAnswered }]) => isAnswered).length, all };
  }
}

/** The tenants of one run. */
export class PromiseModel {
  readonly tenants: readonly [TenantModel, TenantModel];

  constructor(tenants: readonly [TenantModel, TenantModel] = [new TenantModel(), new TenantModel()]) {
    this.tenants = tenants;
  }
}
