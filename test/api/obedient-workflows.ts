import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';

import * as messages from '../../workflows/messages.ts';

/** Stands in for the real `tenantBilling`: pauses whoever asks, and refuses to resume. */
export async function tenantBilling(): Promise<void> {
  let pauses = 0;
  setHandler(messages.pause, () => ({ paused: true, pauses: ++pauses }));
  setHandler(messages.resume, () => {
    throw ApplicationFailure.nonRetryable('it is not paused');
  });
  await condition(() => false);
}
