/** The life of one tenant's one period, as operators see it (search attribute `CycleStage`). */
export type CycleStage =
  'open' | 'closing' | 'sealing' | 'reconciling' | 'rating' | 'held' | 'issuing' | 'issued' | 'synced' | 'settled';
