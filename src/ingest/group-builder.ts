import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import type { Meter } from '../domain/meter.ts';
import type { GroupEvent, GroupMeter, GroupPeriod, GroupTenant, RefusedEvent } from '../meter/usage-group.ts';
import { countedByOf } from './bounds.ts';
import type { NamedPeriod } from './period-finder.ts';
import type { Acceptable, Forbidden, PlannedEvent, PlannedGroup } from './plan-groups.ts';

/** Numbers things as they first appear: by name, and sooner by the object that has it, which is nearly always the same one. */
class Numbering<Source extends object, Item> {
  readonly items: Item[] = [];
  readonly #bySource = new Map<Source, number>();
  readonly #byName = new Map<string, number>();
  #lastSource: Source | undefined;
  #lastNumber = 0;

  /** The number of what an object stands for; `undefined`: it has to be added. */
  numberOf(source: Source | undefined): number | undefined {
    if (source === undefined) return undefined;
    // The events of one tenant come one after the other.
    if (source === this.#lastSource) return this.#lastNumber;
    const number = this.#bySource.get(source);
    if (number === undefined) return undefined;
    this.#lastSource = source;
    this.#lastNumber = number;
    return number;
  }

  /** Two objects may have one name and are one thing then: an object is only the short way to it. */
  add(source: Source | undefined, name: string, item: Item): number {
    let number = this.#byName.get(name);
    if (number === undefined) {
      number = this.items.push(item) - 1;
      this.#byName.set(name, number);
    }
    if (source !== undefined) this.#bySource.set(source, number);
    return number;
  }
}

/** Puts the events of one call together. All were judged by one snapshot, so that each tenant, period and meter is one thing. */
export class GroupBuilder {
  readonly #shard: number;
  readonly #snapshot: CatalogueSnapshot;
  readonly #tenants = new Numbering<Acceptable['entry'], GroupTenant>();
  readonly #periods = new Numbering<NamedPeriod, GroupPeriod>();
  readonly #meters = new Numbering<Meter, GroupMeter>();
  #lastMeters: readonly Meter[] = [];
  #lastMeterNumbers: readonly number[] = [];
  readonly #groupEvents: GroupEvent[] = [];
  readonly #groupRefused: RefusedEvent[] = [];
  readonly #events: PlannedEvent<Acceptable>[] = [];
  readonly #refused: PlannedEvent<Forbidden>[] = [];

  constructor(shard: number, snapshot: CatalogueSnapshot) {
    this.#shard = shard;
    this.#snapshot = snapshot;
  }

  /** Adds an event behind those that were added before. */
  add(planned: PlannedEvent<Acceptable | Forbidden>): void {
    if (isAcceptable(planned)) this.#accept(planned);
    else this.#refuse(planned as PlannedEvent<Forbidden>);
  }

  #accept(planned: PlannedEvent<Acceptable>): void {
    const { pending, judgement } = planned;
    const { event } = pending;
    this.#events.push(planned);
    this.#groupEvents.push({
      periodIndex: this.#periodNumber(judgement),
      id: pending.ledgerId,
      type: event.type,
      occurredAtMicros: event.occurredAtMicros,
      quantity: event.quantity,
      propertiesText: event.properties === null ? null : event.propertiesText,
      idDigest: pending.idDigest,
      contentDigest: pending.contentDigest,
      readings: judgement.readings,
      meterIndexes: this.#meterNumbers(judgement.readings),
    });
  }

  #refuse(planned: PlannedEvent<Forbidden>): void {
    const { idDigest, contentDigest } = planned.pending;
    this.#refused.push(planned);
    this.#groupRefused.push({ idDigest, contentDigest, verdict: planned.judgement.verdict });
    // The verdict rests on this tenant's gate, so the script compares its version too.
    this.#tenantNumber(planned.judgement);
  }

  /** The list of the last event is the next one's too where it feeds the same meters, as nearly always. */
  #meterNumbers(readings: Acceptable['readings']): readonly number[] {
    const last = this.#lastMeters;
    let isSame = readings.length === last.length;
    for (let index = 0; isSame && index < readings.length; index += 1) isSame = readings[index]?.meter === last[index];
    if (!isSame) {
      this.#lastMeters = readings.map(({ meter }) => meter);
      this.#lastMeterNumbers = readings.map(({ meter }) => this.#meterNumber(meter));
    }
    return this.#lastMeterNumbers;
  }

  #meterNumber(meter: Meter): number {
    const known = this.#meters.numberOf(meter);
    if (known !== undefined) return known;
    const { key, scale, aggregation } = meter;
    return this.#meters.add(meter, key, { key, scale, aggregation });
  }

  #tenantNumber({ entry }: Acceptable | Forbidden): number {
    const known = this.#tenants.numberOf(entry);
    if (known !== undefined) return known;
    const { id } = entry.tenant;
    return this.#tenants.add(entry, id, { id, gateVersion: entry.gate.version, countedBy: countedByOf(entry) });
  }

  #periodNumber(judgement: Acceptable): number {
    const { entry, usagePeriod, accountingPeriod } = judgement;
    // Late usage has two periods, so that neither of them tells by itself which is meant.
    const source = usagePeriod === accountingPeriod ? usagePeriod : undefined;
    const known = this.#periods.numberOf(source);
    if (known !== undefined) return known;
    const tenantIndex = this.#tenantNumber(judgement);
    const [usageStart, accountingStart] = [usagePeriod.start, accountingPeriod.start];
    const name = `${tenantIndex}|${usageStart}|${accountingStart}`;
    return this.#periods.add(source, name, {
      tenantIndex,
      usageStart,
      accountingStart,
      timeZone: entry.tenant.timeZone,
    });
  }

  /** The call, and whose events are in it. */
  build(): PlannedGroup {
    return {
      events: this.#events,
      refused: this.#refused,
      group: {
        shard: this.#shard,
        catalogueVersion: this.#snapshot.version,
        tenants: this.#tenants.items,
        periods: this.#periods.items,
        meters: this.#meters.items,
        events: this.#groupEvents,
        refused: this.#groupRefused,
      },
    };
  }
}

function isAcceptable(planned: PlannedEvent<Acceptable | Forbidden>): planned is PlannedEvent<Acceptable> {
  return planned.judgement.kind === 'acceptable';
}
