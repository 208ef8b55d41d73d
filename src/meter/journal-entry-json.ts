import type { GroupEvent, UsageGroup } from './usage-group.ts';

/**
 * The JSON that a journal entry keeps of a group: what was interpreted, and the events. It carries its own meaning, so that the
 * drain needs no catalogue. Read by `src/journal/decode-entry.ts`.
 */

/** Field `i` of an entry: the tables that its events point into. */
export function interpretationJson(group: UsageGroup): string {
  return JSON.stringify({
    tenants: group.tenants.map(({ id, gateVersion }) => ({ id, gate: gateVersion })),
    periods: group.periods.map((period) => [
      period.tenantIndex,
      period.usageStart,
      period.accountingStart,
      period.timeZone,
    ]),
    meters: group.meters.map(({ key, scale, aggregation }) => [key, scale, aggregation]),
  });
}

/** Field `e` of an entry: its events, in the order of the request, refused ones included. */
export function eventsJson(events: readonly GroupEvent[]): string {
  return JSON.stringify(events.map(journalEvent));
}

function journalEvent(event: GroupEvent): unknown[] {
  const { periodIndex, id, type, occurredAtMicros, quantity, properties } = event;
  const readings = event.readings.map(({ meterIndex, valueText, dimensions }) =>
    dimensions === undefined ? [meterIndex, valueText] : [meterIndex, valueText, dimensions],
  );
  return [periodIndex, id, type, occurredAtMicros, quantity, properties, readings];
}
