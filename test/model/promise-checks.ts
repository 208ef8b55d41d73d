import { expect } from 'vitest';

import { METERS, PERIODS, PromiseModel, readingOf, type TenantModel } from './promise-model.ts';
import { type PromiseRun, SHARDS } from './promise-world.ts';

/** How many events of each tenant's shard Redis has lost in this run. */
export interface Losses {
  readonly answered: number[];
  readonly all: number[];
}

/** The model of a run: one, or after two actions at once one per order in which they may have happened. */
export interface RunModel {
  present: PromiseModel;
  readonly losses: Losses;
}

const nothing = (): number[] => Array.from({ length: SHARDS }, () => 0);

/** A model of new tenants. */
export function newRunModel(): RunModel {
  return { present: new PromiseModel(), losses: { answered: nothing(), all: nothing() } };
}

/** Rows of the ledger as the model has them, in the form of `PromiseRun.rows`. */
export function expectedRows({ rows }: TenantModel): ReadonlyMap<string, string> {
  return new Map(
    [...rows].map(([name, { sketch, usagePeriod, accountingPeriod }]) => {
      const { type, quantity, quarters, project } = sketch;
      const tokens = type === 'work' ? String(quarters / 4) : '-';
      const days = [usagePeriod, accountingPeriod].map((period) => period.slice(0, 10));
      return [name, [quantity, tokens, project ?? '-', ...days].join(' ')];
    }),
  );
}

/** What an accounting period bills, of the meters that add up, in the form of `PromiseRun.billed`. */
export function expectedBill({ rows }: TenantModel, accountingPeriod: string): ReadonlyMap<string, string> {
  const quarters = new Map<string, number>();
  for (const row of rows.values()) {
    if (row.accountingPeriod !== accountingPeriod) continue;
    for (const meter of METERS) {
      const value = readingOf(meter, row.sketch);
      if (value === undefined) continue;
      const name = `${meter} ${row.usagePeriod.slice(0, 10)}`;
      const before = quarters.get(name) ?? 0;
      quarters.set(name, meter === 'peak' ? Math.max(before, value) : before + value);
    }
  }
  return new Map([...quarters].map(([name, sum]) => [name, String(sum / 4)]));
}

/** Where everything must be true: nothing is under way. */
export async function expectPromises({ present, losses }: RunModel, run: PromiseRun): Promise<void> {
  expect(await run.differences(0), 'differences before the drain').toEqual([]);
  await run.drain(1);
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const named = await run.namedLosses(shard);
    expect(named, 'positions that incidents name as lost').toBeGreaterThanOrEqual(losses.answered[shard] ?? 0);
    expect(named, 'positions that incidents name as lost').toBeLessThanOrEqual(losses.all[shard] ?? 0);
  }
  for (const tenant of [0, 1] as const) {
    const model = present.tenants[tenant];
    expect(await run.rows(tenant), 'rows of the ledger').toEqual(expectedRows(model));
    for (const period of PERIODS) {
      const billed = [...(await run.billed(tenant, period))].filter(([name]) => !/^(?:level|users) /.test(name));
      expect(new Map(billed), 'what is billed').toEqual(expectedBill(model, period));
    }
  }
  expect(await run.differences(1), 'differences after the drain').toEqual([]);
}
