import { CLOSE_CYCLE_STEPS, type CloseCycleStep } from '../activities/close-cycle-steps.ts';

/**
 * For crash tests: kills this process, as a power cut would, after the effect of one step was committed and before it is
 * reported. `readConfig` refuses the setting in live mode.
 *
 * @throws RangeError for a step that does not exist: such a test would prove nothing
 */
export function crashAfter(stepName: string): (step: CloseCycleStep) => Promise<void> {
  const crashStep = CLOSE_CYCLE_STEPS.find((step) => step === stepName);
  if (crashStep === undefined) {
    throw new RangeError(`TOLLKEEPER_CRASH_AFTER is ${stepName}; it must be one of ${CLOSE_CYCLE_STEPS.join(', ')}`);
  }
  return async (step) => {
    if (step !== crashStep) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal ends the process before anything else is sent.
    await new Promise<never>(() => undefined);
  };
}
