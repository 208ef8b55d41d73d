import type { IngestRequest } from '../../src/ingest/take-events.ts';

/** `POST /v1/events` with events as JSON, as an application sends them. @param more what else the request says */
export function ingestRequest(secret: string, events: unknown, more: Partial<IngestRequest> = {}): IngestRequest {
  return {
    authorization: `Bearer ${secret}`,
    contentType: 'application/json',
    contentEncoding: undefined,
    contentLength: undefined,
    idempotencyKey: undefined,
    body: Buffer.from(JSON.stringify(events)),
    ...more,
  };
}
