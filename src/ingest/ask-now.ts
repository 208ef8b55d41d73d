import type { AuthenticatedKey } from '../catalog/api-keys.ts';
import type { CatalogueSnapshot, TenantEntry } from '../catalog/catalogue-snapshot.ts';
import type { EpochMicros } from '../domain/instant.ts';
import type { Outcome } from '../domain/outcome.ts';
import { MeterUnavailableError } from '../meter/meter-errors.ts';
import type { IngestService } from './ingest-service.ts';
import { judgeTime } from './judge-event.ts';
import { readNewerCatalogue } from './newer-catalogue.ts';
import type { Acceptable } from './plan-groups.ts';
import type { Reading } from './read-meters.ts';
import { OUTCOMES } from './send-groups.ts';
import { extendPeriods } from './take-batch.ts';

/** What a question is about: whose counters, and what it would add to them. */
export interface Understood {
  readonly entry: TenantEntry;
  readonly readings: readonly Reading[];
}

/** What a question rests on in one round. */
export interface Ground<Understanding extends Understood> {
  readonly snapshot: CatalogueSnapshot;
  readonly nowMicros: EpochMicros;
  readonly understood: Understanding;
  readonly judgement: Acceptable;
}

/** A question about the present of a tenant's limits. */
export interface QuestionNow<Understanding extends Understood, Answer, Refusal> {
  readonly key: AuthenticatedKey;
  /** Reads it with a catalogue, or says why it cannot be understood. */
  readonly understand: (
    snapshot: CatalogueSnapshot,
    nowMicros: EpochMicros,
  ) => Understanding | { readonly refusal: Refusal };
  /** Asks Redis. `undefined`: the ground was stale, and was cleared. */
  readonly ask: (ground: Ground<Understanding>) => Promise<Answer | undefined>;
  /** What could not be done, for whoever is told to come back. */
  readonly inVain: string;
}

/** The life of the tenant forbids what is asked about. */
export interface ForbiddenNow {
  readonly allowed: false;
  readonly reason: Outcome;
  readonly limits: readonly [];
}

/** A round each for an unknown name, missing periods, a void gate, a stale catalogue and a stale gate, and the one that succeeds. */
const ROUNDS_MAX = 6;

/**
 * Asks a question that events of this moment decide too, by the rules and versions of events. What it rests on may be stale: then
 * it is asked again on newer ground.
 *
 * @throws MeterUnavailableError when a store does not do its part, or the ground keeps changing
 */
export async function askNow<Understanding extends Understood, Answer, Refusal>(
  service: IngestService,
  { key, understand, ask, inVain }: QuestionNow<Understanding, Answer, Refusal>,
): Promise<Answer | { readonly refusal: Refusal } | ForbiddenNow> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const snapshot = service.catalogue.current();
    const nowMicros = service.clock();
    const understood = understand(snapshot, nowMicros);
    if ('refusal' in understood) {
      // It may have been made a moment ago through another process.
      if (round === 0 && (await readNewerCatalogue(service, snapshot.version))) continue;
      return understood;
    }
    const { entry, readings } = understood;
    const context = { snapshot, key, nowMicros, periods: service.periods };
    const judgement = judgeTime(context, entry, { occurredAtMicros: nowMicros }, readings);
    if (judgement.kind === 'acceptable') {
      const answer = await ask({ snapshot, nowMicros, understood, judgement });
      if (answer !== undefined) return answer;
    } else if (judgement.kind === 'no_place') {
      await extendPeriods(service, { extensions: new Map([[judgement.tenant, judgement.throughMicros]]) });
    } else {
      const reason = judgement.kind === 'forbidden' ? OUTCOMES[judgement.verdict] : judgement.outcome;
      return { allowed: false, reason, limits: [] };
    }
  }
  throw new MeterUnavailableError(`${inVain}: the catalogue or a gate keeps changing`);
}
