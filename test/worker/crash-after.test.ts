import { expect, test } from 'vitest';

import { CLOSE_CYCLE_STEPS } from '../../activities/close-cycle-steps.ts';
import { crashAfter } from '../../worker/crash-after.ts';

test('an unknown step is refused, because such a crash test would prove nothing', () => {
  expect(() => crashAfter('sael')).toThrow(/must be one of seal, barrier, reconcile/);
});

test('steps other than the named one pass', async () => {
  const afterEffect = crashAfter('issue');
  for (const step of CLOSE_CYCLE_STEPS.filter((name) => name !== 'issue')) {
    await expect(afterEffect(step)).resolves.toBeUndefined();
  }
});
