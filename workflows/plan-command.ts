import type { ChangePlanAnswer, ChangePlanOrder } from '../activities/answers.ts';
import { instantOfMs } from './details.ts';
import type { PlanCommand } from './messages.ts';
import { refusal } from './refused-signals.ts';
import { failureText } from './waiting.ts';

/**
 * Does what `changePlan` asks for.
 *
 * @throws ApplicationFailure saying why it cannot be
 */
export async function obeyPlanCommand(
  tenant: string,
  command: PlanCommand | undefined,
  change: (order: ChangePlanOrder) => Promise<ChangePlanAnswer>,
): Promise<ChangePlanAnswer> {
  const { plan, version, at = 'period_end', actor = 'temporal-ui', reason = '' } = command ?? {};
  // A signal from the Temporal UI may carry anything.
  if (typeof plan !== 'string') throw refusal('it must name a plan: {"plan": "pro", "at": "now"}');
  const commandedAt = instantOfMs(Date.now());
  try {
    return await change({ tenant, plan, version: version ?? null, at, commandedAt, actor, reason });
  } catch (error) {
    throw refusal(failureText(error));
  }
}
