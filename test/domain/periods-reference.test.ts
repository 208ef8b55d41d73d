import { expect, test } from 'vitest';

import { clockTable } from '../../tools/periods/clock-table.ts';
import { compareZone } from '../../tools/periods/compare-calendars.ts';
import { compareChanges } from '../../tools/periods/compare-changes.ts';

/**
 * A sample of `npm run periods:reference`, which compares fifty years in every zone. These zones have the offsets that calendars stumble
 * over: both ends, half and quarter hours, an hour's change and half an hour's, and a day that was never there.
 */
const ZONES = [
  'Pacific/Kiritimati',
  'Etc/GMT+12',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Europe/Berlin',
  'Pacific/Apia',
];
const EXTENT = { fromYear: 2010, years: 3, anchorDays: { year: [31], month: [1, 30, 31], week: [5], day: [2] } };

test.each(ZONES)('periods of %s are those of a calendar that shares nothing with the program', (timeZone) => {
  const table = clockTable(timeZone, Date.UTC(EXTENT.fromYear - 1, 0, 1), Date.UTC(EXTENT.fromYear + 5, 0, 1));
  const { differences, periods } = compareZone({ timeZone, table }, EXTENT);
  expect(differences).toEqual([]);
  expect(periods).toBeGreaterThan(1_000);
});

test.each(ZONES)('periods of %s are those of the reference over changes of the calendar', (timeZone) => {
  const years = { ...EXTENT, years: 10, anchorDays: { ...EXTENT.anchorDays, month: [1, 17, 30, 31] } };
  const table = clockTable(timeZone, Date.UTC(years.fromYear - 1, 0, 1), Date.UTC(years.fromYear + 12, 0, 1));
  const { differences, periods } = compareChanges({ timeZone, table }, years);
  expect(differences).toEqual([]);
  expect(periods).toBeGreaterThan(500);
});
