/**
 * Loaded before a program (`node --import`): its wall clock can be stepped while it runs. `SIGUSR2` takes the next of the steps in
 * `FAULT_CLOCK_STEPS_MS`, a list of offsets in milliseconds; the clock begins without one. Only `Date` is stepped: timers and
 * `performance.now()` follow a clock that never steps, as on a real machine.
 */
const steps = (process.env['FAULT_CLOCK_STEPS_MS'] ?? '').split(',').map(Number);
const SystemDate = Date;
let offsetMs = 0;
let next = 0;

process.on('SIGUSR2', () => {
  offsetMs = steps[next++ % steps.length] ?? 0;
});

/** `Date` as the program sees it. */
class SteppedDate extends SystemDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(SystemDate.now() + offsetMs);
    else super(...(given as [number]));
  }

  static override now(): number {
    return SystemDate.now() + offsetMs;
  }
}

globalThis.Date = SteppedDate as DateConstructor;
