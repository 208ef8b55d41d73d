import { ChangeRefusedError } from '../catalog/change-refused-error.ts';
import { ApiError } from './api-error.ts';

const STATUS_OF_REFUSAL: Readonly<Record<ChangeRefusedError['refusal'], number>> = {
  unknown_tenant: 404,
  unknown_plan: 404,
  unknown_quantity: 404,
  not_held: 404,
  invalid_charge: 422,
  is_add_on: 409,
  no_add_on: 409,
  key_taken: 409,
  price_stranded: 409,
  too_many: 409,
  ends_before_start: 409,
  currency_mismatch: 409,
  before_start: 409,
  tenant_ended: 409,
  period_sealed: 409,
  no_boundary: 409,
  boundary_too_near: 409,
  too_many_changes: 409,
};

/** Runs what changes a timeline; its refusals become those of the API. */
export async function refusing<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw changeRefusal(error);
  }
}

/** The answer for a refused change; other errors as they are. */
export function changeRefusal(error: unknown): unknown {
  if (!(error instanceof ChangeRefusedError)) return error;
  return new ApiError({ status: STATUS_OF_REFUSAL[error.refusal], code: error.refusal, message: error.message });
}
