import { periodTexts } from '../domain/window-texts.ts';
import type { OpenPeriodUsage } from './open-period-usage.ts';

/**
 * The usage of an open period as answers show it, by meter; `undefined`: none is open.
 *
 * @param only shows only this meter
 */
export function openPeriodView(live: OpenPeriodUsage | undefined, only?: string) {
  if (live === undefined) return { period: null, live: {}, liveSource: null };
  const { period, source } = live;
  const meters = only === undefined ? live.meters : live.meters.filter(({ meter }) => meter === only);
  return {
    period: periodTexts(period),
    live: Object.fromEntries(meters.map(({ meter, ...usage }) => [meter, usage])),
    liveSource: source,
  };
}
