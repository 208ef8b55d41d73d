/** Told what the meter does, for whoever counts and times it. The station itself knows no clock and no metrics. */
export interface MeterObserver {
  /** `recordUsage` was sent to Redis. What it returns is called when the call has ended, however it ended. */
  readonly scriptSent: () => () => void;
  /** A tenant's gate and counters were installed from the ledger. */
  readonly tenantRebuilt: () => void;
}
