import type { Fault } from './fault.ts';
import type { RoundReport } from './play-round.ts';

/** Wanted by the product's promise: a 503 in time instead of a wait without end. */
const ANSWER_MAX_MS = 5_000;

/** What of a round is not as it is promised. */
export function failuresOf(fault: Fault, round: RoundReport): string[] {
  const place = `round ${round.round + 1}: `;
  const failures: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || failures.push(place + what));
  must(round.lost === 0, `${round.lost} acknowledged events are lost: ${round.examples.join(', ')}`);
  must(round.namedWrongly === 0, `${round.namedWrongly} rows are in the ledger that an incident calls missing`);
  must(round.doubled === 0, `${round.doubled} rows too many: ${round.examples.join(', ')}`);
  must(round.rollupsOff === 0, `the rollups are ${round.rollupsOff} units off`);
  must(round.limitExceededBy === 0, `the limit is exceeded by ${round.limitExceededBy}`);
  must(round.unanswered === 0, `${round.unanswered} events never got an answer`);
  must(round.surprises.length === 0, `unexpected answers: ${round.surprises.join('; ')}`);
  must(round.unsettled === null, `the ledger did not catch up: ${round.unsettled}`);
  must(round.counters === null, `${round.counters}`);
  const unexpected = round.incidents.filter((kind) => !(fault.expectedIncidents ?? []).includes(kind));
  must(fault.losesData === true || unexpected.length === 0, `unexpected incidents: ${unexpected.join(', ')}`);
  const mayAcceptAgain = fault.losesData === true || fault.mayAcceptAgain === true;
  must(mayAcceptAgain || round.acceptedAgain === 0, `${round.acceptedAgain} events were accepted twice`);
  const isInTime = fault.mayHang !== undefined || round.longestAnswerMs <= ANSWER_MAX_MS;
  must(isInTime, `an answer took ${round.longestAnswerMs} ms`);
  return failures;
}

/** A round in one line. */
export function describeRound(round: RoundReport): string {
  const recovery = round.recoveryMs === null ? '' : `, recovered in ${round.recoveryMs} ms`;
  const incidents =
    round.incidents.length === 0 ? '' : `, incidents ${round.incidents.join(' ')} naming ${round.named}`;
  return (
    `${round.acknowledged} acknowledged, ${round.refused} refused, lost ${round.lost}, doubled ${round.doubled}, ` +
    `503s ${round.unavailable}, cut off ${round.cutOff}, longest answer ${round.longestAnswerMs} ms${recovery}${incidents}` +
    (round.unsettled === null ? '' : `, UNSETTLED ${round.unsettled}`)
  );
}
