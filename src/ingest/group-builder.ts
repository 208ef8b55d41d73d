import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import type { Meter } from '../domain/meter.ts';
import type {
  GroupEvent,
  GroupMeter,
  GroupPeriod,
  GroupReading,
  GroupTenant,
  RefusedEvent,
} from '../meter/usage-group.ts';
import { countedByOf } from './bounds.ts';
import type { NamedPeriod } from './period-finder.ts';
import type { Acceptable, Forbidden, PlannedEvent, PlannedGroup } from './plan-groups.ts';

/** Numbers things as they first appear: by name, and sooner by the object that has it, which is nearly always the same one. */
class Numbering<Source extends object, Item> {
  readonly items: Item[] = [];
  readonly #bySource = new Map<Source, number>();
  readonly #byName = new Map<string, number>();

  /** Two objects may have one name and are one thing then: an object is only the short way to it. */
  numberOf(source: Source, name: () => string, make: () => Item): number {
    let number = this.#bySource.get(source);
    if (number !== undefined) return number;
    number = this.numberOfName(name(), make);
    this.#bySource.set(source, number);
    return number;
  }

  numberOfName(name: string, make: () => Item): number {
    let number = this.#byName.get(name);
    if (number !== undefined) return number;
    number = this.items.length;
    this.items.push(make());
    this.#byName.set(name, number);
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
    const readings = judgement.readings.map((reading): GroupReading => ({
      ...reading,
      meterIndex: this.#meterNumber(reading.meter),
    }));
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
      readings,
    });
  }

  #refuse(planned: PlannedEvent<Forbidden>): void {
    const { idDigest, contentDigest } = planned.pending;
    this.#refused.push(planned);
    this.#groupRefused.push({ idDigest, contentDigest, verdict: planned.judgement.verdict });
    // The verdict rests on this tenant's gate, so the script compares its version too.
    this.#tenantNumber(planned.judgement);
  }

  #meterNumber(meter: Meter): number {
    const { key, scale, aggregation } = meter;
    return this.#meters.numberOf(
      meter,
      () => key,
      () => ({ key, scale, aggregation }),
    );
  }

  #tenantNumber({ entry }: Acceptable | Forbidden): number {
    const { id } = entry.tenant;
    return this.#tenants.numberOf(
      entry,
      () => id,
      () => ({ id, gateVersion: entry.gate.version, countedBy: countedByOf(entry) }),
    );
  }

  #periodNumber(judgement: Acceptable): number {
    const { entry, usagePeriod, accountingPeriod } = judgement;
    const tenantIndex = this.#tenantNumber(judgement);
    const [usageStart, accountingStart] = [usagePeriod.start, accountingPeriod.start];
    const name = (): string => `${tenantIndex}|${usageStart}|${accountingStart}`;
    const { timeZone } = entry.tenant;
    const make = (): GroupPeriod => ({ tenantIndex, usageStart, accountingStart, timeZone });
    // Late usage has two periods, so that neither of them tells by itself which is meant.
    return usagePeriod === accountingPeriod
      ? this.#periods.numberOf(usagePeriod, name, make)
      : this.#periods.numberOfName(name(), make);
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
