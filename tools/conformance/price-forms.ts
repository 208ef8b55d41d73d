import type { Band, Charge, PercentBand, PriceModel, QuantityPrice, UnitConversion } from '../../src/domain/plan.ts';
import { type CaseFields, decimalIn, fieldsOf, has, listIn, optionalDecimalIn, wordIn } from './case-fields.ts';

/** Names of the format → prices and charges of the product. */

/** The bands of a price, which is bounded when its last one is. */
function bandsIn<OneBand extends { readonly upTo: string | null; readonly maxBlocks?: string }>(
  params: CaseFields,
  read: (tier: CaseFields) => OneBand,
): { readonly bands: readonly OneBand[]; readonly bounded?: true } {
  const bands = listIn(params, 'tiers').map((tier) => read(fieldsOf(tier, 'a tier')));
  const last = bands.at(-1);
  const isOpen = last === undefined || (last.upTo === null && last.maxBlocks === undefined);
  return { bands, ...(!isOpen && { bounded: true }) };
}

function upToOf(tier: CaseFields): { readonly upTo: string | null; readonly flatFee: string } {
  return { upTo: optionalDecimalIn(tier, 'up_to') ?? null, flatFee: decimalIn(tier, 'flat', '0') };
}

function unitBand(tier: CaseFields): Band {
  return { ...upToOf(tier), unitPrice: decimalIn(tier, 'unit', '0') };
}

function percentBand(tier: CaseFields): PercentBand {
  return { ...upToOf(tier), percent: decimalIn(tier, 'rate', '0') };
}

function blockBand(tier: CaseFields): Band {
  const blocks = { upTo: null, flatFee: '0', blockSize: decimalIn(tier, 'block'), unitPrice: decimalIn(tier, 'price') };
  return { ...blocks, ...optional('maxBlocks', optionalDecimalIn(tier, 'max_blocks')) };
}

/** Prices of a quantity by the name of their model; `flatAtZero` is a case's policy. */
const QUANTITY_PRICES: Readonly<Record<string, (params: CaseFields, flatAtZero: boolean) => QuantityPrice>> = {
  per_unit: (params) => ({ model: 'per_unit', unitPrice: decimalIn(params, 'unit') }),
  graduated: (params, flatAtZero) => ({ model: 'graduated', ...bandsIn(params, unitBand), flatAtZero }),
  volume: (params, flatAtZero) => ({ model: 'volume', ...bandsIn(params, unitBand), flatAtZero }),
  package: (params) => ({
    model: 'package',
    size: decimalIn(params, 'size'),
    packagePrice: decimalIn(params, 'price'),
    freeUnits: decimalIn(params, 'free_units', '0'),
    rounding: wordIn(params, 'rounding', ['up', 'down'], 'up'),
  }),
  graduated_blocks: (params) => ({ model: 'graduated', ...bandsIn(params, blockBand), flatAtZero: false }),
  volume_blocks: (params) => ({ model: 'volume', ...bandsIn(params, blockBand), flatAtZero: false }),
  graduated_percentage: (params, flatAtZero) => {
    return { model: 'graduated_percentage', ...bandsIn(params, percentBand), flatAtZero };
  },
  dynamic: (params) => ({ model: 'dynamic', multiplier: decimalIn(params, 'multiplier') }),
  capacity: (params) => ({ model: 'capacity', ...bandsIn(params, upToOf) }),
};

/** The price of a quantity that a case describes. Throws for a model that prices none. */
export function quantityPrice(model: string, params: CaseFields, flatAtZero: boolean): QuantityPrice {
  const read = Object.hasOwn(QUANTITY_PRICES, model) ? QUANTITY_PRICES[model] : undefined;
  if (read === undefined) throw new TypeError(`there is no price model ${model}`);
  return read(params, flatAtZero);
}

/** A price of single events. */
export function percentagePrice(params: CaseFields): PriceModel {
  return {
    model: 'percentage',
    percent: decimalIn(params, 'rate'),
    fixedFee: decimalIn(params, 'fixed', '0'),
    ...optional('freeEvents', optionalDecimalIn(params, 'free_events')),
    ...optional('freeAmount', optionalDecimalIn(params, 'free_amount')),
    ...optional('minimumPerEvent', optionalDecimalIn(params, 'per_event_min')),
    ...optional('maximumPerEvent', optionalDecimalIn(params, 'per_event_max')),
  };
}

/** What the common frame says of a charge, but for the base fee, which is the plan's. */
export function frameOf(params: CaseFields): Partial<Charge> {
  const percent = optionalDecimalIn(params, 'percentage_discount');
  return {
    includedUnits: decimalIn(params, 'usage_discount', '0'),
    ...(has(params, 'unit_config') && { conversion: conversionOf(fieldsOf(params['unit_config'], 'unit_config')) }),
    ...(percent !== undefined && { discount: { percent } }),
    ...optional('minimum', optionalDecimalIn(params, 'minimum')),
    ...optional('maximum', optionalDecimalIn(params, 'maximum')),
  };
}

const ROUNDINGS = { ceiling: { rounding: 'up' }, floor: { rounding: 'down' }, none: {} } as const;

function conversionOf(config: CaseFields): UnitConversion {
  const rounding = ROUNDINGS[wordIn(config, 'rounding', ['ceiling', 'floor', 'none'], 'none')];
  return { divide: decimalIn(config, 'divide', '1'), ...rounding };
}

function optional<Name extends string>(name: Name, value: string | undefined): { readonly [Key in Name]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [Key in Name]?: string };
}
