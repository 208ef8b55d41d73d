import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { answerInTime } from '../../src/ingest/answer-in-time.ts';
import type { IngestService } from '../../src/ingest/ingest-service.ts';
import { takeEvents } from '../../src/ingest/take-events.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** As of a store whose connection is open and silent. */
function silence(): Promise<never> {
  return new Promise(() => undefined);
}

test('what comes in time is the answer, and leaves no timer behind', async () => {
  await expect(answerInTime(Promise.resolve('done'))).resolves.toBe('done');
  await expect(answerInTime(Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  expect(vi.getTimerCount()).toBe(0);
});

test('what the sender has waited already is part of the time', async () => {
  const answer = expect(answerInTime(silence(), 4_400)).rejects.toThrow('did not do their part');
  await vi.advanceTimersByTimeAsync(100);
  await answer;
});

test('a PostgreSQL that says nothing about a key makes a 503 within five seconds', async () => {
  const service = { keys: { authenticate: silence } } as unknown as IngestService;
  const request = {
    authorization: 'Bearer tk_test_key',
    contentType: 'application/json',
    contentEncoding: undefined,
    contentLength: undefined,
    idempotencyKey: undefined,
    body: Buffer.from('[]'),
  };
  const answered = takeEvents(service, request);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await answered).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
});
