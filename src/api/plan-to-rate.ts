import type { CatalogueSnapshot } from '../catalog/catalogue-snapshot.ts';
import { planVersionName } from '../catalog/catalogue-snapshot.ts';
import { checkCatalogue } from '../catalog/check-catalogue.ts';
import { CatalogueError } from '../catalog/catalogue-problem.ts';
import { meterOf, planOf } from '../catalog/definitions.ts';
import { newestPlans } from '../catalog/newest-plans.ts';
import { parseCatalogue } from '../catalog/parse-catalogue.ts';
import type { ParsedCatalogue } from '../catalog/parse-catalogue.ts';
import type { Meter } from '../domain/meter.ts';
import type { PlanVersion } from '../domain/plan.ts';
import { checkPlan } from '../rating/check-plan.ts';
import { badRequest, notFound } from './api-error.ts';
import { refusalOf } from './catalogue-refusal.ts';

/** Which plan to rate with: a stored version, or one of a catalogue file that is not applied. */
export interface PlanQuestion {
  /** `KEY` or `KEY@VERSION`; without a version the newest. May be left out beside a catalogue with one plan. */
  readonly plan?: string | undefined;
  /** Text of a catalogue file. Its meters and plans are laid over the stored ones. */
  readonly catalogue?: string | undefined;
  /** How the file is called in problems. */
  readonly file?: string | undefined;
}

/** A plan with the meters that its charges are on. */
export interface PlanToRate {
  readonly plan: PlanVersion;
  /** By key. */
  readonly meters: ReadonlyMap<string, Meter>;
  /** False for one that only the question has. */
  readonly isStored: boolean;
}

const FILE_NAME_DEFAULT = 'catalogue';
const PLAN_NAME = /^([^@]+)(?:@([1-9]\d{0,8}))?$/;

/** Finds the plan. @throws ApiError 400, 404, or 422 with every problem of the file */
export function planToRate(snapshot: CatalogueSnapshot, question: PlanQuestion): PlanToRate {
  const { plan, catalogue } = question;
  const match = plan === undefined ? undefined : PLAN_NAME.exec(plan);
  if (match === null) throw badRequest('invalid_body', 'plan: must be KEY or KEY@VERSION', 'plan');
  const [, key, version] = match ?? [];
  if (catalogue !== undefined) {
    if (version !== undefined) throw badRequest('invalid_body', 'plan: a plan of a file has no version yet', 'plan');
    return planOfFile(snapshot, readFile(snapshot, catalogue, question.file ?? FILE_NAME_DEFAULT), key);
  }
  if (key === undefined) throw badRequest('invalid_body', 'plan: is required: which price list?', 'plan');
  const newest = newestVersion(snapshot, key);
  const stored = snapshot.planVersions.get(planVersionName(key, version === undefined ? newest : Number(version)));
  if (stored !== undefined) return { plan: stored, meters: snapshot.meters, isStored: true };
  const known = [...new Set([...snapshot.planVersions.values()].map((one) => one.key))].join(', ');
  const has = newest === 0 ? `there are ${known === '' ? 'none' : known}` : `its newest version is ${newest}`;
  throw notFound('unknown_plan', `there is no plan ${plan ?? ''}; ${has}`);
}

function newestVersion({ planVersions }: CatalogueSnapshot, key: string): number {
  return newestPlans(planVersions.values()).get(key)?.version ?? 0;
}

function readFile(snapshot: CatalogueSnapshot, text: string, fileName: string): ParsedCatalogue {
  try {
    const parsed = parseCatalogue(text, fileName);
    const problems = checkCatalogue(parsed, snapshot, checkPlan);
    if (problems.length > 0) throw new CatalogueError(fileName, problems);
    return parsed;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** With the version that applying the file would give it where that makes a new one. */
function planOfFile(
  snapshot: CatalogueSnapshot,
  { file, fileName }: ParsedCatalogue,
  key: string | undefined,
): PlanToRate {
  const keys = file.plans.map((one) => one.key);
  const chosen = key === undefined ? file.plans : file.plans.filter((one) => one.key === key);
  const [definition, ...others] = chosen;
  if (definition === undefined || others.length > 0) {
    const message = `plan: ${fileName} defines ${keys.length === 0 ? 'no plan' : keys.join(', ')}: name one of them`;
    throw badRequest('invalid_body', message, 'plan');
  }
  const ofFile = file.meters.map((meter) => {
    return [meter.key, meterOf(meter, (snapshot.meters.get(meter.key)?.version ?? 0) + 1)] as const;
  });
  return {
    plan: planOf(definition, newestVersion(snapshot, definition.key) + 1),
    meters: new Map([...snapshot.meters, ...ofFile]),
    isStored: false,
  };
}
