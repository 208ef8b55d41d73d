import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/** Counts the signals that ingest sends when usage reaches a threshold. */
export function countThresholdSignals(registry: Registry): (result: 'sent' | 'failed' | 'lost') => void {
  const signals = new Counter({
    name: 'tollkeeper_threshold_signals_total',
    help: 'Attempts to signal that usage has reached a threshold: sent, failed (repeated), lost (left to the checkpoint).',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of ['sent', 'failed', 'lost'] as const) signals.inc({ result }, 0);
  return (result) => signals.inc({ result });
}

/** Counts the alerts that this process has written. */
export function countAlerts(registry: Registry): (count: number) => void {
  const alerts = new Counter({
    name: 'tollkeeper_alerts_total',
    help: 'Alerts that this process wrote: thresholds that usage was found to have reached for the first time.',
    registers: [registry],
  });
  return (count) => alerts.inc(count);
}
