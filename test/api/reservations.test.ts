import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { TollkeeperClient } from '../../src/client/index.ts';
import { CATALOGUE, NOW, openApiBench } from './api-bench.ts';
import type { ApiBench } from './api-bench.ts';

let bench: ApiBench;

beforeAll(async () => {
  bench = await openApiBench();
  await bench.apply(CATALOGUE);
});

afterAll(async () => {
  await bench.close();
});

const ASKED = { id: 'job', tenant: 'acme', meter: 'calls', quantity: 10, ttlSeconds: 60 };

function reserve(more: object = {}, key?: string) {
  return bench.call('POST', '/v1/reservations', { body: { ...ASKED, ...more }, ...(key === undefined ? {} : { key }) });
}

describe('the routes of reservations', () => {
  test('hold, show, commit and tell the same again', async () => {
    const { status, body } = await reserve({ id: 'whole' });
    expect([status, body]).toMatchObject([
      200,
      { allowed: true, id: 'whole', state: 'held', quantity: '10', reservedAt: NOW, limits: [{ held: '10' }] },
    ]);
    const path = `/v1/reservations/${body.reservation}`;
    expect((await bench.call('GET', path)).body).toMatchObject({ state: 'held', committedQuantity: null });
    const commit = () => bench.call('POST', `${path}/commit`, { body: { quantity: '7' } });
    const answer = await commit();
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { result: { id: 'whole', outcome: 'accepted', limits: [{ used: '7', remaining: '93' }] }, was: 'held' },
    ]);
    expect(answer.body.result.limits[0]).not.toHaveProperty('held');
    expect((await commit()).body).toEqual({ result: { id: 'whole', outcome: 'duplicate' }, was: 'committed' });
    expect((await bench.call('GET', path)).body).toMatchObject({ state: 'committed', committedQuantity: '7' });
    const released = await bench.call('POST', `${path}/release`);
    expect([released.status, released.body.error.code]).toEqual([409, 'reservation_committed']);
  });

  test('release without a body, and a commit after it is refused', async () => {
    const { reservation } = (await reserve({ id: 'dropped' })).body;
    const path = `/v1/reservations/${reservation}`;
    expect((await bench.call('POST', `${path}/release`)).body).toMatchObject({ state: 'released' });
    const commit = await bench.call('POST', `${path}/commit`);
    expect([commit.status, commit.body.error.code]).toEqual([409, 'reservation_released']);
  });

  test('an id with other content is 409, and what a hard limit does not allow is not held', async () => {
    expect((await reserve({ id: 'twice' })).status).toBe(200);
    const other = await reserve({ id: 'twice', quantity: 11 });
    expect([other.status, other.body.error.code, other.body.error.path]).toEqual([409, 'reservation_conflict', 'id']);
    expect((await reserve({ id: 'huge', quantity: 1_000 })).body).toMatchObject({
      allowed: false,
      reason: 'limit_exceeded',
    });
  });

  test.each([
    [{ tenant: 'nobody' }, 404, 'unknown_tenant', undefined],
    [{ meter: 'nothing' }, 404, 'unknown_meter', undefined],
    [{ id: '' }, 400, 'invalid_body', 'id'],
    [{ ttlSeconds: 0 }, 400, 'invalid_body', 'ttlSeconds'],
    [{ ttlSeconds: 86_401 }, 400, 'invalid_body', 'ttlSeconds'],
    [{ quantity: '1.5' }, 400, 'invalid_body', 'quantity'],
    [{ quantity: -1 }, 400, 'invalid_body', 'quantity'],
    [{ colour: 'red' }, 400, 'invalid_body', 'colour'],
  ])('refuse %j with %i %s', async (more, status, code, path) => {
    const { body, ...answer } = await reserve(more);
    expect([answer.status, body.error.code, body.error.path]).toEqual([status, code, path]);
  });

  test('want the scope of ingest, and know nothing of what is no reservation', async () => {
    expect((await reserve({}, await bench.makeKey(['read']))).status).toBe(403);
    const key = await bench.makeKey(['ingest'], 'globex');
    expect((await reserve({}, key)).body.error.code).toBe('unknown_tenant');
    const answer = await bench.call('GET', '/v1/reservations/job');
    expect([answer.status, answer.body.error.code]).toEqual([404, 'unknown_reservation']);
  });
});

test('the client reserves, commits, releases and shows', async () => {
  const client = new TollkeeperClient({ url: bench.url, apiKey: await bench.makeKey(['ingest']) });
  const taken = await client.reserve({ ...ASKED, id: 'client', tenant: 'globex' });
  if (!taken.allowed) throw new Error(taken.reason);
  const { result, was } = await client.commit(taken.reservation, { quantity: '12', properties: { model: 'large' } });
  expect([result.outcome, was]).toEqual(['accepted', 'held']);
  const other = await client.reserve({ ...ASKED, id: 'other', tenant: 'globex' });
  if (!other.allowed) throw new Error(other.reason);
  expect(await client.release(other.reservation)).toMatchObject({ state: 'released' });
  expect(await client.getReservation(taken.reservation)).toMatchObject({ state: 'committed', committedQuantity: '12' });
  const metrics = (await bench.call('GET', '/metrics', { key: null })).text;
  expect(metrics).toMatch(/^tollkeeper_reservations_total\{step="commit",result="accepted"\} [1-9]/m);
  await expect(client.release('rsv_nothing')).rejects.toMatchObject({ status: 404, code: 'unknown_reservation' });
});
