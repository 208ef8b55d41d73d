import { CliError, EXIT_FAILED } from '../cli-error.ts';
import { plainText } from '../table.ts';
import { corruptCounter } from './corrupt-counter.ts';
import { afterSealEvents, FIRST_ROUND_EVENTS, lateEvents, LATER_ROUND_EVENTS, mainTraffic } from './demo-loads.ts';
import type { LoadSource } from './demo-loads.ts';
import { workflowLink } from './demo-output.ts';
import { reportDifferences, reportInvoices, reportTenants } from './demo-report.ts';
import type { DemoStage } from './demo-rounds.ts';
import { DemoRounds, PERIOD_MS } from './demo-rounds.ts';
import { seededRandom } from './generate-load.ts';

/** What to play, and where. */
export interface DemoPlay {
  readonly once: boolean;
  readonly corrupt: boolean;
  readonly seed: number;
  readonly stage: DemoStage;
  readonly redisUrl: string;
  readonly temporalUiUrl: string;
}

/** The meter whose counter `--corrupt` changes. */
const CORRUPTED_METER = 0;
const HOURS_MAX = 24;
/** Bounds the demo that nobody stops: a day of minutes. */
const PERIODS_MAX = HOURS_MAX * 60;

function loadSource(play: DemoPlay, rounds: DemoRounds): LoadSource {
  const { catalogue } = play.stage;
  return {
    catalogue,
    // The run's name is the end of every tenant id already; ids of events only need to differ within a tenant.
    runName: 'demo',
    random: seededRandom(play.seed),
    periodMs: PERIOD_MS,
    periodStartMs: (period) => rounds.periodStartMs(period),
  };
}

/**
 * The story: period 0 has just ended and gets its late events inside the late window; period 1 gets the traffic; once period 0 is billed,
 * one more event of it arrives, which the invoice of period 1 bills as late usage. Then a cycle every minute.
 * @throws CliError when a figure differs from the list of sent events, or a corrupted counter was not caught
 */
export async function playDemo(play: DemoPlay): Promise<void> {
  const rounds = new DemoRounds(play.stage);
  const source = loadSource(play, rounds);
  await firstRound(play, rounds, source);
  if (play.corrupt) return expectHold(play, rounds);
  await reportTenants(rounds, 1, play.temporalUiUrl);
  settle(play, rounds);
  if (play.once) return;
  play.stage.io.note('going on with a cycle every minute; Ctrl-C stops everything\n');
  for (let period = 2; period < PERIODS_MAX; period += 1) {
    await laterRound(play, rounds, source, period);
  }
}

async function firstRound({ stage }: DemoPlay, rounds: DemoRounds, source: LoadSource): Promise<void> {
  await rounds.waitUntil(rounds.periodStartMs(1), 'waiting for the first minute to end');
  stage.io.note('late events of the minute that just ended\n');
  await rounds.sendOpen(lateEvents(source, 0), 0);
  stage.io.note('the traffic of this minute: duplicates, and more than one tenant may\n');
  await rounds.sendOpen(mainTraffic(source, 1, FIRST_ROUND_EVENTS), 1);
  await rounds.waitUntil(rounds.sealMs(0), 'waiting for the late window of the first minute');
  stage.io.note('the first invoices\n');
  await reportInvoices(rounds, 0);
  stage.io.note('an event of the minute that is billed already: it goes onto the next invoice\n');
  await rounds.sendAfterSeal(afterSealEvents(source, 0), 0, 1);
}

async function laterRound(play: DemoPlay, rounds: DemoRounds, source: LoadSource, period: number): Promise<void> {
  await rounds.waitUntil(rounds.periodStartMs(period), 'waiting for the next minute');
  // After a pause of the machine a minute may be gone: it is billed without traffic, and the story goes on with the next.
  if (play.stage.clock() < rounds.periodStartMs(period + 1)) {
    await rounds.sendOpen(mainTraffic(source, period, LATER_ROUND_EVENTS), period);
  }
  await reportInvoices(rounds, period);
  settle(play, rounds);
}

/** Ends the demo when something differed. */
function settle({ stage }: DemoPlay, rounds: DemoRounds): void {
  const differences = rounds.outcomeDifferences();
  if (differences.length === 0) return;
  reportDifferences(stage.io, differences);
  throw new CliError(`${differences.length} answers differ from the list of sent events`, EXIT_FAILED);
}

async function expectHold(play: DemoPlay, rounds: DemoRounds): Promise<void> {
  const { io, catalogue } = play.stage;
  const victim = catalogue.tenants.at(-1);
  const meter = catalogue.meters[CORRUPTED_METER];
  if (victim === undefined || meter === undefined)
    throw new CliError('the catalogue has no tenant or no meter to corrupt');
  const key = await corruptCounter(play.redisUrl, victim.id, rounds.periodStartText(1), meter.key);
  io.note(`changed ${meter.key} in ${key} by one, behind the engine's back\n`);
  await rounds.waitUntil(rounds.sealMs(1), 'waiting for the end of the minute and its late window');
  const cycle = await rounds.awaitHold(victim, 1);
  const incidents = cycle.incidents.map(({ kind, details }) => `${kind} ${JSON.stringify(details)}`).join('\n  ');
  const link = workflowLink(play.temporalUiUrl, cycle.workflowId);
  io.print(`caught: the cycle of ${victim.id} is held\n  ${plainText(incidents)}\n  ${link}\n`);
  // Nobody else's bill waits for it.
  await reportInvoices(
    rounds,
    1,
    catalogue.tenants.filter((tenant) => tenant !== victim),
  );
  settle(play, rounds);
}
