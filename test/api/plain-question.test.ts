import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { TENANT_PATTERN } from '../../src/domain/event.ts';
import { METER_KEY_PATTERN } from '../../src/domain/meter.ts';
import { plainQuestion } from '../../src/api/routes/check-routes.ts';

test('the usual question is read without the schema', () => {
  expect(plainQuestion({ tenant: 'acme', meter: 'calls' })).toEqual({ tenant: 'acme', meter: 'calls', quantity: '1' });
  expect(plainQuestion({ tenant: 'acme', meter: 'calls', quantity: 2 })).toMatchObject({ quantity: 2 });
});

test('everything else is left to the schema', () => {
  const sound = { tenant: 'acme', meter: 'calls' };
  const changes: object[] = [
    { tenant: 'a b' },
    { meter: 'Calls' },
    { quantity: null },
    { meters: ['calls'] },
    { more: 1 },
  ];
  for (const change of changes) expect(plainQuestion({ ...sound, ...change })).toBeUndefined();
  expect(plainQuestion(JSON.parse('{"tenant":"acme","meter":"calls","__proto__":1}'))).toBeUndefined();
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      const question = plainQuestion(body);
      if (question === undefined) return;
      expect(question.tenant).toMatch(TENANT_PATTERN);
      expect(question.meter).toMatch(METER_KEY_PATTERN);
    }),
  );
});
