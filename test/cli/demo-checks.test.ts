import { afterEach, expect, test } from 'vitest';

import { checkInvoice } from '../../src/cli/demo/check-invoice.ts';
import type { ExpectedInvoice } from '../../src/cli/demo/demo-pricing.ts';
import { emptySendingLog, sendNoted } from '../../src/cli/demo/demo-sender.ts';
import { TollkeeperClient } from '../../src/client/index.ts';
import type { EventInput, InvoiceView } from '../../src/client/index.ts';
import type { FakeApi } from '../client/fake-api.ts';
import { answerByIds, startFakeApi } from '../client/fake-api.ts';

const EXPECTED: ExpectedInvoice = {
  baseFeeMinor: 2_000n,
  usageMinor: { out: 369n },
  lateMinor: { out: 5n },
  subtotalMinor: 2_374n,
  taxMinor: 196n,
  totalMinor: 2_570n,
};

function line(kind: string, quantity: string, amountMinor: string): object {
  return { kind, quantity, amountMinor, provenance: { charge: kind === 'base_fee' ? null : 'out' } };
}

function invoice(usageAmount: string, usageQuantity: string, totalMinor: string): InvoiceView {
  const lines = [
    line('base_fee', '1', '2000'),
    line('usage', usageQuantity, usageAmount),
    line('late_usage', '333', '5'),
  ];
  const content = { lines, subtotalMinor: '2374', taxMinor: '196', totalMinor };
  return { id: 'inv_1', number: 'INV-000001', content } as unknown as InvoiceView;
}

test('an invoice that agrees has no differences; every figure that does not is named', () => {
  const usage = { output_tokens: 245_896n };
  const meterOf = { out: 'output_tokens' };
  expect(checkInvoice(invoice('369', '245896', '2570'), EXPECTED, usage, meterOf)).toEqual([]);
  expect(checkInvoice(invoice('370', '245897', '2571'), EXPECTED, usage, meterOf)).toEqual([
    'INV-000001: amount of out (cents) is 370, must be 369',
    'INV-000001: quantity of out is 245897, must be 245896',
    'INV-000001: total (cents) is 2571, must be 2570',
  ]);
});

test('usage without a line is a difference', () => {
  const none = { ...EXPECTED, usageMinor: { out: 369n, in: 0n } };
  const usage = { output_tokens: 245_896n, input_tokens: 7n };
  const meterOf = { out: 'output_tokens', in: 'input_tokens' };
  expect(checkInvoice(invoice('369', '245896', '2570'), none, usage, meterOf)).toEqual([
    'INV-000001: quantity of in is 0, must be 7',
  ]);
});

let fake: FakeApi | undefined;

afterEach(async () => {
  await fake?.close();
  fake = undefined;
});

function event(id: string): EventInput {
  return { id, tenant: 'acme', type: 'calls', occurredAt: '2026-11-20T10:00:00Z' };
}

test('an outcome that the list does not explain is kept, unless a retry explains it', async () => {
  fake = await startFakeApi(answerByIds(new Set(['b', 'c'])));
  const sender = new TollkeeperClient({ url: fake.url, apiKey: 'tk_test_key' });
  const strict = emptySendingLog();
  const progress: number[] = [];
  await sendNoted(
    sender,
    { count: 0 },
    [
      { event: event('a'), expected: 'accepted' },
      { event: event('b'), expected: 'accepted' },
    ],
    strict,
    (answered) => progress.push(answered),
  );
  expect(strict.differences).toEqual([{ id: 'b', expected: 'accepted', got: 'duplicate', reason: '' }]);
  expect(strict.outcomes.get('acme')).toEqual({ accepted: 1, duplicate: 1 });
  expect(progress).toEqual([2]);
  const retried = emptySendingLog();
  await sendNoted(sender, { count: 1 }, [{ event: event('c'), expected: 'accepted' }], retried, () => undefined);
  expect(retried.differences).toEqual([]);
});
