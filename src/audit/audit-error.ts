/** The accounts could not be compared: a store moved away under the audit, or is too far behind. Says nothing about them. */
export class CounterAuditError extends Error {
  override readonly name = 'CounterAuditError';
}
