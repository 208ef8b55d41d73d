import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/** What a call of the station may answer; anything else counts as `failed`. */
type Answer = object;

/** A function that answers one step of a reservation. */
type Step<Question> = (question: Question) => Promise<Answer>;

/**
 * Counts the steps of reservations by what came of them. Commits are events too, but no requests to `POST /v1/events`: they are counted
 * here alone.
 */
export function countReservations(registry: Registry): <S extends Step<never>>(step: string, ask: S) => S {
  const counter = new Counter({
    name: 'tollkeeper_reservations_total',
    help: 'Steps of reservations (reserve, commit, release), by result: allowed, refused, an outcome, a state, or a refusal.',
    labelNames: ['step', 'result'],
    registers: [registry],
  });
  return <S extends Step<never>>(step: string, ask: S): S => {
    const counted = async (question: never): Promise<Answer> => {
      let result = 'failed';
      try {
        const answer = await ask(question);
        result = resultOf(answer);
        return answer;
      } finally {
        counter.inc({ step, result });
      }
    };
    return counted as S;
  };
}

/** All are words of ours, of which there are few. */
function resultOf(answer: {
  readonly refusal?: { readonly code: string };
  readonly allowed?: boolean;
  readonly result?: { readonly outcome: string };
  readonly state?: string;
}): string {
  if (answer.refusal !== undefined) return answer.refusal.code;
  if (answer.allowed !== undefined) return answer.allowed ? 'allowed' : 'refused';
  return answer.result?.outcome ?? answer.state ?? 'failed';
}
