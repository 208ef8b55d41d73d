import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLOSE_CYCLE_STEPS } from '../../activities/close-cycle-steps.ts';
import { type InvoiceAnswer, applyCatalogue, callApi, eventually, issuedInvoices } from '../support/api-calls.ts';
import { AZURE_TRACE, azureCatalogue, azureTraceIsMissing, importArguments } from '../support/azure-trace.ts';
import { countRowsOf } from '../support/count-rows.ts';
import { type CommandResult, runCli } from '../support/run-cli.ts';
import { type World, startWorld } from '../support/world.ts';

interface ImportSummary {
  readonly rows: number;
  readonly outcomes: Record<string, number>;
}

const ROWS = 8_819;
const INVOICE_TIMEOUT_MS = 60_000;

async function importTrace(world: World, file: string, tenant: string): Promise<[CommandResult, ImportSummary]> {
  const result = await runCli(world, [...importArguments(file, tenant), '--json']);
  if (result.output === '') throw new Error(`import printed nothing:\n${result.errors}`);
  return [result, JSON.parse(result.output) as ImportSummary];
}

async function invoiceAfterResume(world: World, tenant: string): Promise<InvoiceAnswer> {
  await callApi(world, 'POST', `/v1/tenants/${tenant}/resume`);
  return eventually(async () => (await issuedInvoices(world, tenant))[0], INVOICE_TIMEOUT_MS, 'the invoice');
}

function expectTheFigures(invoice: InvoiceAnswer): void {
  const lines = Object.fromEntries(invoice.content.lines.map((line) => [line.key, [line.quantity, line.amountMinor]]));
  expect(lines).toEqual({
    base: ['1', '2000'],
    'charge:input_tokens': ['18059974', '5118'],
    'charge:output_tokens': ['245896', '369'],
    'charge:requests': ['8819', '450'],
  });
  const { subtotalMinor, taxMinor, totalMinor } = invoice.content;
  expect({ subtotalMinor, taxMinor, totalMinor }).toEqual({
    subtotalMinor: '7937',
    taxMinor: '655',
    totalMinor: '8592',
  });
}

describe.skipIf(azureTraceIsMissing)('a month of a real service, imported from its trace', () => {
  let world: World;
  let folder: string;
  let undisturbed: InvoiceAnswer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tollkeeper-trace-'));
    world = await startWorld();
    await applyCatalogue(world, azureCatalogue('code'));
  });

  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('becomes the invoice that the figures of the trace demand', { timeout: 120_000 }, async () => {
    const [result, summary] = await importTrace(world, AZURE_TRACE, 'code');
    expect(result.exitCode).toBe(0);
    expect(summary).toMatchObject({ rows: ROWS, outcomes: { accepted: ROWS } });
    const [, again] = await importTrace(world, AZURE_TRACE, 'code');
    expect(again.outcomes).toEqual({ duplicate: ROWS });
    undisturbed = await invoiceAfterResume(world, 'code');
    expectTheFigures(undisturbed);
    expect(undisturbed.number).toMatch(/^INV-\d+$/);
  });

  test('changes nothing when it is imported again after the invoice was issued', { timeout: 60_000 }, async () => {
    const [, summary] = await importTrace(world, AZURE_TRACE, 'code');
    expect(summary.outcomes).toEqual({ duplicate: ROWS });
    expect(await issuedInvoices(world, 'code')).toEqual([undisturbed]);
  });

  test(
    'counts every row of the trace cut to whole seconds, where rows become equal',
    { timeout: 120_000 },
    async () => {
      const cut = join(folder, 'cut.csv');
      writeFileSync(cut, readFileSync(AZURE_TRACE, 'utf8').replaceAll(/^([^,]{19})\.\d+,/gm, '$1,'));
      await applyCatalogue(world, azureCatalogue('code').replace('id: code\n', 'id: seconds\n'));
      const [, summary] = await importTrace(world, cut, 'seconds');
      expect(summary.outcomes).toEqual({ accepted: ROWS });
      const [, again] = await importTrace(world, cut, 'seconds');
      expect(again.outcomes).toEqual({ duplicate: ROWS });
      expectTheFigures(await invoiceAfterResume(world, 'seconds'));
    },
  );

  test('is the same invoice, hash for hash, when the worker is killed three times', { timeout: 240_000 }, async () => {
    const disturbed = await startWorld();
    try {
      await applyCatalogue(disturbed, azureCatalogue('code'));
      // Two kills while rows arrive in the ledger, one between the steps of the cycle, each at a random place.
      const [first = 0, second = 0] = [randomInt(ROWS), randomInt(ROWS)].toSorted((a, b) => a - b);
      const step = randomInt(CLOSE_CYCLE_STEPS.length);
      console.log(`the worker is killed at ${first} and ${second} rows and after ${step} steps`);
      const importing = importTrace(disturbed, AZURE_TRACE, 'code');
      await killWhen(disturbed, 'usage_event', first);
      await killWhen(disturbed, 'usage_event', second);
      const [, summary] = await importing;
      expect(summary.outcomes).toEqual({ accepted: ROWS });
      const resumed = invoiceAfterResume(disturbed, 'code');
      await killWhen(disturbed, 'billing_step', step);
      const invoice = await resumed;
      expectTheFigures(invoice);
      expect(invoice.contentDigest).toBe(undisturbed.contentDigest);
      expect(await issuedInvoices(disturbed, 'code')).toHaveLength(1);
    } finally {
      await disturbed.close();
    }
  });
});

/** SIGKILLs the worker once a table has that many rows, and starts it again. */
async function killWhen(world: World, table: 'usage_event' | 'billing_step', rows: number): Promise<void> {
  await eventually(async () => ((await countRowsOf(world, table)) >= rows ? true : undefined), 60_000, `${rows} rows`);
  await world.worker.kill();
  await world.worker.start();
}
