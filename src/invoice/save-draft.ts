import { canonicalJson } from '../domain/canonical.ts';
import { formatInstant, type EpochMicros } from '../domain/instant.ts';
import type { InvoiceContent, InvoiceIdentity, InvoiceStatus } from '../domain/invoice.ts';
import type { Queryable } from '../ledger/database.ts';
import { writeClaims } from './invoice-claims.ts';
import { contentDigest, invoiceId, textDigest } from './invoice-digests.ts';
import { InvoiceError } from './invoice-error.ts';
import { lockInvoice } from './lock-invoice.ts';
import { BILLING_ACTOR, recordMove } from './record-move.ts';

/** What was rated. `inputs` is the plain JSON that rating was given. */
export interface DraftInvoice {
  readonly identity: InvoiceIdentity;
  readonly inputs: object;
  readonly content: InvoiceContent;
  readonly at: EpochMicros;
}

/** The row of an identity. The digest is hex: it travels through workflow histories. */
export interface SavedDraft {
  readonly invoiceId: string;
  readonly contentDigest: string;
  /** Where the invoice stands: a repeated step may find it held, rejected or issued already. */
  readonly status: InvoiceStatus;
}

/**
 * Saves a rating as the draft of its identity, in the caller's transaction.
 *
 * Idempotent: the same inputs and content find the row that is there, whatever its status. Others replace a draft that is not
 * issued (a held one becomes a draft again: the person was asked about other figures). Throws `InvoiceError`
 * `already_issued`, `rejected` or `identity_mismatch`.
 */
export async function saveDraft(client: Queryable, draft: DraftInvoice): Promise<SavedDraft> {
  if (canonicalJson(draft.identity) !== canonicalJson(draft.content.identity)) {
    throw new InvoiceError('identity_mismatch', `the content is of ${canonicalJson(draft.content.identity)}`);
  }
  const id = invoiceId(draft.identity);
  const saved: SavedDraft = {
    invoiceId: id,
    contentDigest: contentDigest(draft.content).toString('hex'),
    status: 'draft',
  };
  if (await insertDraft(client, id, draft)) {
    await writeClaims(client, id, draft.content);
    await recordMove(client, {
      invoiceId: id,
      from: null,
      to: 'draft',
      actor: BILLING_ACTOR,
      reason: 'rated',
      at: draft.at,
    });
    return saved;
  }
  const row = await lockInvoice(client, id);
  const inputsDigest = textDigest(canonicalJson(draft.inputs)).toString('hex');
  const isSame = row.inputs_digest === inputsDigest && row.content_digest === saved.contentDigest;
  if (isSame) return { ...saved, status: row.status };
  // Issued content stays what it was, also when newer code would rate the same inputs otherwise.
  if (row.issued_at !== null && row.inputs_digest === inputsDigest) {
    return { invoiceId: id, contentDigest: row.content_digest, status: row.status };
  }
  refuseReplacement(row.status, row.number, id);
  await replaceDraft(client, id, draft);
  await writeClaims(client, id, draft.content);
  await recordMove(client, {
    invoiceId: id,
    from: row.status,
    to: 'draft',
    actor: BILLING_ACTOR,
    reason: 'rated again from other inputs',
    at: draft.at,
  });
  return saved;
}

function refuseReplacement(status: string, number: string | null, id: string): void {
  if (status === 'rejected') {
    throw new InvoiceError('rejected', `invoice ${id} was rejected: rate it as the next revision`);
  }
  if (status !== 'draft' && status !== 'held') {
    throw new InvoiceError(
      'already_issued',
      `invoice ${id} is issued as ${number} from other inputs: rate it as the next revision`,
    );
  }
}

/** The columns that a rating decides, in the order of `ratedValues`. */
const RATED_COLUMNS = `currency, inputs, inputs_digest, content, content_digest, rating_version, format_version,
  subtotal_minor, tax_minor, total_minor, supply_start, supply_end, corrects,
  due_minor, carried_minor`;

const RATED_PARAMETERS = `$2::text, $3::text, $4::bytea, $5::text, $6::bytea, $7::integer, $8::integer,
  $9::numeric, $10::numeric, $11::numeric, $12::timestamptz, $13::timestamptz, $14::text,
  $15::numeric, $16::numeric`;

function ratedValues({ inputs, content }: DraftInvoice): unknown[] {
  const inputsText = canonicalJson(inputs);
  const contentText = canonicalJson(content);
  return [
    content.currency,
    inputsText,
    textDigest(inputsText),
    contentText,
    textDigest(contentText),
    content.ratingVersion,
    content.formatVersion,
    content.subtotalMinor,
    content.taxMinor,
    content.totalMinor,
    content.supplyStart,
    content.supplyEnd,
    content.corrects,
    content.dueMinor ?? null,
    content.carriedMinor ?? null,
  ];
}

/** Answers whether this call made the row. */
async function insertDraft(client: Queryable, id: string, draft: DraftInvoice): Promise<boolean> {
  const { tenant, kind, occasion, revision } = draft.identity;
  const { rowCount } = await client.query(
    `insert into invoice (id, status, ${RATED_COLUMNS}, tenant, kind, occasion, revision, created_at)
     values ($1::text, 'draft', ${RATED_PARAMETERS}, $17::text, $18::text, $19::text, $20::integer, $21::timestamptz)
     on conflict (tenant, kind, occasion, revision) do nothing`,
    [id, ...ratedValues(draft), tenant, kind, occasion, revision, formatInstant(draft.at)],
  );
  return rowCount === 1;
}

async function replaceDraft(client: Queryable, id: string, draft: DraftInvoice): Promise<void> {
  await client.query(
    `update invoice set status = 'draft', (${RATED_COLUMNS}) = (${RATED_PARAMETERS}) where id = $1::text`,
    [id, ...ratedValues(draft)],
  );
}
