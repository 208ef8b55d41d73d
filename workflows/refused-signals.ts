import { ApplicationFailure } from '@temporalio/workflow';

import { instantOfMs } from './details.ts';
import type { RefusedSignal } from './messages.ts';

const SHOWN_MAX = 5;

/** The last signals that could not be obeyed, for the state table. A signal has no answer, so this is where its sender looks. */
export function withRefusal(refused: readonly RefusedSignal[], name: string, reason: string): readonly RefusedSignal[] {
  return [...refused, { name, at: instantOfMs(Date.now()), reason }].slice(-SHOWN_MAX);
}

/** A plain Error would fail the workflow task for ever; this one fails the Update only. */
export function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: 'CommandRefused', message, nonRetryable: true });
}

/**
 * Does what a signal asks for. A signal has no answer: why it was refused is handed to `onRefusal` and never fails the workflow.
 * Other faults are thrown on.
 */
export async function obeySignal(work: () => Promise<unknown>, onRefusal: (reason: string) => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    onRefusal(error.message);
  }
}
