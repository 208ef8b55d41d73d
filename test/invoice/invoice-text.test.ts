import { expect, test } from 'vitest';

import type { InvoiceContent } from '../../src/domain/invoice.ts';
import { contentDigest } from '../../src/invoice/invoice-digests.ts';
import { invoiceText, type PrintedInvoice } from '../../src/invoice/invoice-text.ts';
import {
  sampleCharge,
  sampleInputs,
  sampleMeter,
  samplePlan,
  sampleSpan,
  sampleUsage,
} from '../rating/sample-inputs.ts';
import { sampleDraft } from './sample-invoice.ts';

function issued(content: InvoiceContent): PrintedInvoice {
  return {
    status: 'issued',
    number: 'INV-000001',
    issuedAt: '2023-12-01T06:00:00Z',
    dueAt: '2023-12-31T06:00:00Z',
    content,
    contentDigest: contentDigest(content).toString('hex'),
    chainTip: '0:abc',
  };
}

test('an issued invoice prints as people expect an invoice', async () => {
  await expect(invoiceText(issued(sampleDraft().content))).toMatchFileSnapshot('issued-invoice.txt');
});

test('a draft says that it has no number yet, and times follow the zone of the tenant', () => {
  const { content } = sampleDraft({}, { tenant: { ...sampleInputs().tenant, timeZone: 'Asia/Kathmandu' } });
  const text = invoiceText({ ...issued(content), status: 'draft', number: null, issuedAt: null, dueAt: null });
  expect(text).toContain('INVOICE (no number yet), draft');
  expect(text).toContain('2023-11-01 05:45 to 2023-12-01 05:45 (Asia/Kathmandu)');
  expect(text).toMatch(/^Issued +not yet$/m);
});

test('amounts end in one column', () => {
  const lines = invoiceText(issued(sampleDraft().content)).split('\n');
  const amounts = lines.filter((line) => /\d\.\d\d$/.test(line) && !line.startsWith('    '));
  expect(amounts).toHaveLength(7);
  expect(new Set(amounts.map((line) => line.length)).size).toBe(1);
});

test('a name cannot steer a terminal', () => {
  const buyer = { name: 'Evil\u001B[2J\nTotal 0.00', addressLines: [], taxIds: [] };
  const text = invoiceText(issued(sampleDraft({}, { tenant: { ...sampleInputs().tenant, buyer } }).content));
  expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  expect(text).not.toMatch(/^Total 0\.00/m);
});

test('a bill with everything around its prices shows how the total came about and what is left to pay', async () => {
  const grants = [
    {
      id: 'crd_a',
      description: 'prepaid in March',
      kind: 'granted',
      priority: 0,
      expiresAt: null,
      grantedAt: '2023-03-01T00:00:00Z',
      balanceMinor: '4000',
    } as const,
  ];
  const { content } = sampleDraft(
    {},
    {
      oneOffs: [{ id: 'one_a', description: 'Setup', amount: '99.50', at: '2023-11-05T12:00:00Z' }],
      coupons: [{ id: 'cpn_a', description: 'Launch offer, 10 %', discount: { percent: '10' } }],
      grants,
      tenant: { ...sampleInputs().tenant, taxesIncluded: true },
    },
  );
  await expect(invoiceText(issued(content))).toMatchFileSnapshot('invoice-with-credits.txt');
});

test('an exemption stands where the taxes would, and what is carried below a negative total', () => {
  const earlier = [{ invoiceId: 'inv_a', amounts: [{ key: 'base', amountMinor: '100000' }] }];
  const tenant = { ...sampleInputs().tenant, taxExemption: 'Reverse charge' };
  const text = invoiceText(issued(sampleDraft({}, { earlier, tenant }).content));
  expect(text).toMatch(/^Reverse charge +0\.00$/m);
  expect(text).not.toContain('Sales tax');
  expect(text).toMatch(/^Total +-920\.63\n-+\nCarried to the next invoice +920\.63\nDue +0\.00$/m);
});

const part = (region: string, quantity: string) => ({ values: { region }, bucket: null, quantity, eventCount: '1' });

test('parts of usage, and what bounds and earlier bills make of it, are lines that can be read one by one', () => {
  const charge = {
    ...sampleCharge('requests', { model: 'package', size: '10', packagePrice: '1.005', freeUnits: '0' }),
    groupBy: 'region',
    discount: { percent: '10' },
    maximum: '2',
  } as const;
  const usage = [sampleUsage('requests', '12', { parts: [part('eu', '11'), part('us', '1')] })];
  const { content } = sampleDraft(
    {},
    {
      meters: [{ ...sampleMeter('requests', 'call'), dimensions: ['region'] }],
      spans: [sampleSpan({ planVersion: samplePlan({ baseFee: '0', charges: [charge] }), usage })],
      earlier: [{ invoiceId: 'inv_a', amounts: [{ key: 'requests', amountMinor: '50' }] }],
    },
  );
  const [, origins = ''] = invoiceText(issued(content)).split('Where each line comes from');
  expect(origins.split('\n').filter((line) => /^ {4}(?!plan)/.test(line))).toEqual([
    '    region eu: 11 in packages of 10 = 2 packages, then 2 × 1.005 = 2.01',
    '    region us: 1 in packages of 10 = 1 package, then 1 × 1.005 = 1.005',
    '    10 % discount on 3.015: -0.3015, together 2.7135, rounded to 2.71',
    '    0.7135 beyond the maximum of 2 are not charged, rounded to -0.71',
    '    0.5 billed on inv_a',
  ]);
});
