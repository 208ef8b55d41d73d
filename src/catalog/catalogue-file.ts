import { z } from 'zod';

import { COUPON } from './coupon-form.ts';
import { listOf } from './file-fields.ts';
import { METER } from './meter-form.ts';
import { PLAN } from './plan-form.ts';
import { PARTY, TENANT } from './tenant-form.ts';

/** The form of a catalogue file. Every part may be missing: what a file does not name stays as it is. */
export const CATALOGUE_FILE = z.strictObject(
  {
    issuer: PARTY.optional().describe('Who issues the invoices.'),
    meters: listOf(METER).default([]).describe('How events become numbers.'),
    plans: listOf(PLAN).default([]).describe('Price lists.'),
    coupons: listOf(COUPON).default([]).describe('Reductions that tenants can be given.'),
    tenants: listOf(TENANT).default([]).describe('Who is billed.'),
  },
  'must be a map with issuer, meters, plans, coupons and tenants',
);

/** A catalogue file whose form is right; what it refers to is checked by `checkCatalogue`. */
export type CatalogueFile = z.output<typeof CATALOGUE_FILE>;
/** One meter as the file writes it. */
export type FileMeter = CatalogueFile['meters'][number];
/** One plan as the file writes it. */
export type FilePlan = CatalogueFile['plans'][number];
/** One limit of a plan or a tenant as the file writes it. */
export type FileLimit = FilePlan['limits'][number];
/** One tenant as the file writes it. */
export type FileTenant = CatalogueFile['tenants'][number];
