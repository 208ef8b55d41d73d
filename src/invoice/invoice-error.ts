/**
 * Why an invoice could not be saved, issued or moved:
 * - `not_found`: there is no such invoice
 * - `already_issued`: its content is frozen; other inputs need a new revision
 * - `rejected`: a person ended this revision; a fresh rating needs the next one
 * - `move_not_allowed`: `status-moves.ts` does not have this move
 * - `identity_mismatch`: inputs or content belong to another invoice
 * - `credit_taken`: credit that it draws, or that its becoming void would take back, was taken by another
 * - `already_billed`: a live invoice has the charge that should be cancelled
 * - `too_many_charges`: the tenant has as many charges on no issued bill as one bill can have
 * - `too_many_coupons`: the tenant holds as many coupons as one bill can have
 * - `tenant_ended`: no bill of the tenant follows that could have the charge
 * - `damaged`: the stored content is not what its digest says
 */
export type InvoiceErrorCode =
  | 'not_found'
  | 'already_issued'
  | 'rejected'
  | 'move_not_allowed'
  | 'identity_mismatch'
  | 'credit_taken'
  | 'already_billed'
  | 'too_many_charges'
  | 'too_many_coupons'
  | 'tenant_ended'
  | 'damaged';

/** An expected refusal of this station. No retry mends it. */
export class InvoiceError extends Error {
  override readonly name = 'InvoiceError';
  readonly code: InvoiceErrorCode;

  constructor(code: InvoiceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
