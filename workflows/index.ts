/** The workflows of the worker's bundle. Their names are part of every recorded history: a rename is a new workflow. */
export { closeCycle } from './close-cycle.ts';
export { drainJournal } from './drain-journal.ts';
export { tenantBilling } from './tenant-billing.ts';
