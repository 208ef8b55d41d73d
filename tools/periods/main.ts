/**
 * `npm run periods:reference [-- ZONE …]`: fifty years of periods of every IANA zone, begun on every day of a month, against a reference
 * that shares nothing with the program, and calendars that change their anchor and length four times. Exit code 1 when a period
 * differs. Takes minutes.
 */
import { clockTable, type ClockSpan } from './clock-table.ts';
import { compareZone, type Extent } from './compare-calendars.ts';
import { compareChanges } from './compare-changes.ts';

const EXTENT: Extent = {
  fromYear: 2000,
  years: 50,
  anchorDays: { year: [1, 28, 29, 30, 31], month: daysTo(31), week: daysTo(7), day: [2] },
};
/** A change moves a calendar to another day anyway: every third one is begun on. */
const CHANGED: Extent = {
  ...EXTENT,
  anchorDays: { ...EXTENT.anchorDays, month: daysTo(31).filter((day) => day % 3 === 1) },
};
const YEAR_MS = 366 * 86_400_000;

function daysTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** Zones whose clocks show the same for all of the time are one clock by several names: compared once. */
function clocks(zones: readonly string[]): Map<string, { table: ClockSpan[]; names: string[] }> {
  const byTable = new Map<string, { table: ClockSpan[]; names: string[] }>();
  for (const zone of zones) {
    const table = clockTable(
      zone,
      Date.UTC(EXTENT.fromYear, 0, 1) - YEAR_MS,
      Date.UTC(EXTENT.fromYear + EXTENT.years, 0, 1) + 2 * YEAR_MS,
    );
    const key = JSON.stringify(table);
    const known = byTable.get(key);
    if (known === undefined) byTable.set(key, { table, names: [zone] });
    else known.names.push(zone);
  }
  return byTable;
}

const asked = process.argv.slice(2);
const zones = asked.length > 0 ? asked : [...Intl.supportedValuesOf('timeZone'), 'UTC'];
const found = clocks(zones);
console.log(`${zones.length} zones are ${found.size} clocks`);
let [calendars, periods] = [0, 0];
const differences: string[] = [];
for (const [index, { table, names }] of [...found.values()].entries()) {
  const [timeZone = 'UTC'] = names;
  console.error(`${index + 1} of ${found.size}: ${names.join(', ')}`);
  const zone = { timeZone, table };
  for (const result of [compareZone(zone, EXTENT), compareChanges(zone, CHANGED)]) {
    calendars += result.calendars;
    periods += result.periods;
    for (const difference of result.differences) console.log(`DIFFERS ${difference}`);
    differences.push(...result.differences);
  }
}
const offsets = [...found.values()].flatMap(({ table }) => table.map(({ offsetMs }) => offsetMs / 3_600_000));
console.log(`offsets from ${Math.min(...offsets)} to ${Math.max(...offsets)} hours, ${new Set(offsets).size} of them`);
console.log(`${calendars} calendars, ${periods} periods, ${differences.length} differences`);
process.exitCode = differences.length === 0 ? 0 : 1;
