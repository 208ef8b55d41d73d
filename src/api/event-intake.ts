import type { AuthenticatedKey } from '../catalog/api-keys.ts';

/** A request to `POST /v1/events` as it came, its key known. */
export interface IntakeRequest {
  readonly key: AuthenticatedKey;
  /** As sent; one byte more than allowed when there were too many. */
  readonly bodyBytes: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface IntakeAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Events in: `takeEvents` of src/ingest behind one function. */
export type EventIntake = (request: IntakeRequest) => Promise<IntakeAnswer>;
