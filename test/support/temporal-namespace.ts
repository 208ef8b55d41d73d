import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { inject } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/embedded/start-temporal.ts';

const RETENTION_MS = 86_400_000;
const ATTEMPTS_MAX = 200;
const PAUSE_MS = 50;

/** The numbers Temporal's API gives the types of search attributes (`temporal.api.enums.v1.IndexedValueType`). */
const TYPE_NUMBERS: Readonly<Record<string, number>> = { Keyword: 2, Int: 3, Datetime: 6 };

/**
 * Makes a namespace of one test's own on the run's Temporal server, with Tollkeeper's search attributes: workflow ids such as
 * `drain-journal/0` would meet those of other tests in a shared one.
 */
export async function createTemporalNamespace(): Promise<string> {
  const namespace = `test-${randomUUID()}`;
  const connection = await Connection.connect({ address: inject('temporalAddress') });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(RETENTION_MS),
    });
    await registerSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
  return namespace;
}

/** A new namespace is known to the whole server only after its registry was read again: asked until it is. */
async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const searchAttributes = Object.fromEntries(
    Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPE_NUMBERS[type] ?? 2]),
  );
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      const listed = await connection.operatorService.listSearchAttributes({ namespace });
      if (Object.keys(SEARCH_ATTRIBUTES).every((name) => listed.customAttributes?.[name] !== undefined)) return;
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error;
    }
    if (attempt === ATTEMPTS_MAX) throw new Error(`namespace ${namespace} did not become ready`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
