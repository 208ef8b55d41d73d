import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openDatabase } from '../../src/ledger/database.ts';
import { drainAll } from '../../src/journal/drain-until.ts';
import { copyDatabase } from '../support/copy-database.ts';
import { addMeters, addTenant, createDrainStack, type DrainStack } from '../support/drain-stack.ts';
import { type JournalEvent, TOKENS } from '../support/journal-entry.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { DECEMBER, digestOfPeriod, NOVEMBER, rateFromLedger } from './rated-period.ts';

const EVENTS = 120;
const run = promisify(execFile);

let stack: DrainStack;
let copy: TestDatabase | undefined;
beforeEach(async () => {
  stack = await createDrainStack();
  await addTenant(stack.pool, 'acme');
  await addMeters(stack.pool, [TOKENS]);
});
afterEach(async () => {
  await stack.close();
  await copy?.drop();
  copy = undefined;
});

/** Usage all over the month, with values that have no end in binary, some of it without a region, some of it late. */
function events(): JournalEvent[] {
  const regions = ['eu', 'us', 'İstanbul', undefined];
  return Array.from({ length: EVENTS }, (_, index) => {
    const region = regions[index % regions.length];
    const day = String((index % 28) + 1).padStart(2, '0');
    const hour = String((index * 7) % 24).padStart(2, '0');
    return {
      id: `event ${index}`,
      at: `2023-11-${day}T${hour}:29:59.999999Z`,
      timeZone: 'Asia/Kolkata',
      readings: [
        [TOKENS, `${index % 9}.${index % 7}1`, { model: `m${index % 3}`, ...(region === undefined ? {} : { region }) }],
      ],
      ...(index % 10 === 9 ? { accountingStart: DECEMBER } : {}),
    };
  });
}

/** The digest that a process of its own comes to, on a host of that zone and language. */
async function digestIn(databaseUrl: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const { stdout } = await run(process.execPath, ['test/support/print-content-digest.ts', databaseUrl], {
    env: { ...process.env, ...environment },
  });
  return stdout.trim();
}

test(
  'the same usage gives the same content: in other processes and zones, from rows in another order, from a restored database',
  { timeout: 180_000 },
  async () => {
    await stack.append(events());
    await drainAll(stack, { timeoutMs: 60_000 });
    const content = await rateFromLedger(stack.pool);
    expect(content.lines.map(({ key }) => key)).toContain('charge:by_both');
    expect(content.lines.filter(({ kind }) => kind === 'late_usage').length).toBeGreaterThan(1);

    copy = await copyDatabase(stack.databaseUrl, { from: NOVEMBER, to: DECEMBER });
    const restored = openDatabase({ databaseUrl: copy.databaseUrl, applicationName: 'test', poolSizeMax: 2 });
    try {
      expect(await rateFromLedger(restored)).toEqual(content);
    } finally {
      await restored.end();
    }

    const digest = await digestOfPeriod(stack.pool);
    expect(await digestIn(stack.databaseUrl, { TZ: 'UTC' })).toBe(digest);
    expect(await digestIn(stack.databaseUrl, { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' })).toBe(digest);
    expect(await digestIn(copy.databaseUrl, { TZ: 'America/St_Johns' })).toBe(digest);
  },
);
