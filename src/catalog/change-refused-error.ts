/** Why a tenant's timeline cannot be changed as asked. */
export type ChangeRefusal =
  | 'unknown_tenant'
  | 'unknown_plan'
  | 'unknown_quantity'
  | 'not_held'
  | 'invalid_charge'
  | 'is_add_on'
  | 'no_add_on'
  | 'key_taken'
  | 'price_stranded'
  | 'too_many'
  | 'ends_before_start'
  | 'currency_mismatch'
  | 'before_start'
  | 'tenant_ended'
  | 'period_sealed'
  | 'no_boundary'
  | 'boundary_too_near'
  | 'too_many_changes';

/** Thrown when a tenant's timeline cannot be changed as asked; the message says the cure. */
export class ChangeRefusedError extends Error {
  override readonly name = 'ChangeRefusedError';
  readonly refusal: ChangeRefusal;

  constructor(refusal: ChangeRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}
