import type { EpochMicros } from './instant.ts';

/** One local hour, day or month as exact instants, half-open. */
export interface LocalSpan {
  readonly startMicros: EpochMicros;
  readonly endMicros: EpochMicros;
}

/** Zones and spans that are held before it starts afresh: a year of hours for some hundred zones would be 20 MB. */
const HELD_MAX = 50_000;

/**
 * Remembers the hours, days or months of zones, which follow each other without gap or overlap: finding one takes luxon some twenty
 * microseconds, and the drain asks for every event.
 */
export class LocalSpans {
  readonly #slotMicros: number;
  readonly #find: (timeZone: string, instant: EpochMicros) => LocalSpan;
  /** By zone, then by slot of UTC: the spans that touch it, at most three even where a clock changes. */
  readonly #byZone = new Map<string, Map<number, LocalSpan[]>>();
  #held = 0;

  /** @param slotMicros how long a span is as a rule */
  constructor(slotMicros: number, find: (timeZone: string, instant: EpochMicros) => LocalSpan) {
    this.#slotMicros = slotMicros;
    this.#find = find;
  }

  /** The span that holds an instant. */
  at(timeZone: string, instant: EpochMicros): LocalSpan {
    const slot = Math.floor(instant / this.#slotMicros);
    const known = this.#byZone.get(timeZone)?.get(slot);
    const found = known?.find(({ startMicros, endMicros }) => startMicros <= instant && instant < endMicros);
    return found ?? this.#remember(timeZone, slot, this.#find(timeZone, instant));
  }

  #remember(timeZone: string, slot: number, span: LocalSpan): LocalSpan {
    if (this.#held >= HELD_MAX) {
      this.#byZone.clear();
      this.#held = 0;
    }
    let spans = this.#byZone.get(timeZone);
    if (spans === undefined) this.#byZone.set(timeZone, (spans = new Map<number, LocalSpan[]>()));
    spans.set(slot, [...(spans.get(slot) ?? []), span]);
    this.#held += 1;
    return span;
  }
}
