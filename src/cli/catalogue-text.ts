import type { CatalogueChange, JsonValue } from '../client/index.ts';
import { groupDigits, plainText, renderTable } from './table.ts';

/** What `details` of a change may say; see `CatalogueChange` of src/catalog. */
interface ChangeDetails {
  readonly version?: number;
  readonly plan?: string | null;
  readonly billingStart?: string;
  readonly note?: string;
  readonly changed?: readonly { readonly path: string; readonly from: JsonValue; readonly to: JsonValue }[];
  readonly prices?: readonly PriceChange[];
  readonly staying?: { readonly count: number; readonly tenants: readonly string[] };
}

interface PriceChange {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What applying a file changes, for people: a line for each definition, then the prices of each plan before and after. */
export function changesText(changes: readonly CatalogueChange[], dryRun: boolean): string {
  const changed = changes.filter((change) => change.action !== 'unchanged');
  const unchanged = changes.length - changed.length;
  if (changed.length === 0) return `nothing to change: ${unchanged} definitions are as the file says`;
  const rows = changed.map((change) => [
    change.action.replaceAll('_', ' '),
    change.kind,
    change.key,
    detailsText(change),
  ]);
  const table = renderTable(
    ['action', 'kind', 'key', 'details'].map((title) => ({ title })),
    rows,
  );
  const plans = changed.map(planText).filter((text) => text !== '');
  return [
    table,
    ...(plans.length === 0 ? [] : ['', plans.join('\n\n'), '']),
    ...(unchanged === 0 ? [] : [`${unchanged} unchanged`]),
    ...(dryRun ? ['dry run: nothing was changed'] : []),
  ].join('\n');
}

/** Fields of a plan whose change is told among its prices. */
const PRICED = /^(charges|baseFee|baseFeeDue|baseFeeEvery|fixedQuantities|boundsCover|commitment|minimum|maximum)\b/;

function detailsText({ details }: CatalogueChange): string {
  const { version, plan, billingStart, note, changed = [], prices = [] } = details as ChangeDetails;
  const others = prices.length === 0 ? changed : changed.filter(({ path }) => !PRICED.test(path));
  const parts = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(plan === undefined || plan === null ? [] : [`plan ${plan}`]),
    ...(billingStart === undefined ? [] : [`billed from ${billingStart}`]),
    ...others.map(({ path, from, to }) => `${path}: ${valueText(from)} → ${valueText(to)}`),
    ...(note === undefined ? [] : [note]),
  ];
  return plainText(parts.join('; '));
}

/** A definition that is longer than this is named, not shown: `--json` has it whole. */
const VALUE_CHARACTERS_MAX = 60;

function valueText(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX - 1)}…`;
}

function planText({ key, details }: CatalogueChange): string {
  const { version = 1, prices = [], staying } = details as ChangeDetails;
  if (prices.length === 0 && staying === undefined) return '';
  const lines = [`plan ${key}, version ${version}`, ...prices.flatMap(priceLines)];
  if (staying !== undefined) lines.push(...stayingLines(key, version, staying));
  return plainText(lines.join('\n'));
}

function priceLines({ what, before, after }: PriceChange): string[] {
  if (before === null) return [`  ${what}`, `    new     ${after ?? ''}`];
  if (after === null) return [`  ${what}`, `    gone    ${before}`];
  return [`  ${what}`, `    before  ${before}`, `    after   ${after}`];
}

function stayingLines(
  key: string,
  version: number,
  { count, tenants }: NonNullable<ChangeDetails['staying']>,
): string[] {
  const more = count - tenants.length;
  const names = `${tenants.join(', ')}${more === 0 ? '' : ` and ${groupDigits(more)} more`}`;
  return [
    `  ${groupDigits(count)} ${count === 1 ? 'tenant stays on its' : 'tenants stay on their'} earlier version: ${names}`,
    `    tollkeeper migrate ${key} --to ${version} moves them (--dry-run: who would pay what), or planVersion in the file does`,
  ];
}
