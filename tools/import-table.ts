import type { ICruiseOptions, IForbiddenRuleType } from 'dependency-cruiser';

/**
 * The import table: which station may import which. Everything that is not in the table is refused, as are import cycles.
 * `types` may be imported with `import type` only: they vanish from the running code.
 *
 * The reasons are in docs/decisions/0002-stations-and-imports.md.
 */
interface Row {
  /** What may be imported as running code. */
  readonly values: readonly string[];
  /** What may be imported with `import type` only. */
  readonly types?: readonly string[];
}

/** The stations that activities and the API join. */
const EVERY_STATION: readonly string[] = [
  'src/domain',
  'src/rating',
  'src/meter',
  'src/ledger',
  'src/journal',
  'src/catalog',
  'src/ingest',
  'src/invoice',
  'src/stripe',
  'src/audit',
];

const STATIONS: Readonly<Record<string, Row>> = {
  'src/domain': { values: [] },
  'src/rating': { values: ['src/domain'] },
  'src/meter': { values: ['src/domain'] },
  'src/ledger': { values: ['src/domain'] },
  'src/journal': { values: ['src/domain', 'src/ledger'] },
  'src/catalog': { values: ['src/domain', 'src/ledger'] },
  'src/ingest': { values: ['src/domain', 'src/meter', 'src/catalog'] },
  'src/audit': { values: ['src/domain', 'src/meter', 'src/journal', 'src/ledger'] },
  'src/metrics': { values: ['src/domain'], types: ['src/ledger', 'src/journal', 'src/meter', 'src/ingest'] },
  'src/invoice': { values: ['src/domain', 'src/ledger'] },
  'src/stripe': { values: ['src/domain', 'src/invoice'] },
  'src/client': { values: [], types: ['src/domain'] },
  'src/embedded': { values: [] },
  'src/cli': { values: ['src/client', 'src/embedded', 'src/domain'], types: ['src/api'] },
  workflows: { values: ['src/domain'], types: ['activities'] },
  activities: {
    values: EVERY_STATION,
    types: ['workflows'],
  },
  'src/api': {
    values: [...EVERY_STATION, 'src/metrics', 'src/config.ts', 'workflows/messages.ts'],
    types: ['workflows'],
  },
  'src/config.ts': { values: [] },
};

const CODE = '^(src|workflows|activities|worker)/';

/** Packages that only some stations may touch: one composition root makes the clients of the stores. */
const PURE = '^(src/domain|src/rating)/';

function folderPattern(name: string): string {
  return name.endsWith('.ts') ? `^${name.replace('.', '\\.')}$` : `^${name}/`;
}

function stationRules([station, { values, types = [] }]: [string, Row]): IForbiddenRuleType[] {
  const own = folderPattern(station);
  const allowedAtAll = [own, ...values.map(folderPattern), ...types.map(folderPattern)];
  const rules: IForbiddenRuleType[] = [
    {
      name: `${station} imports outside its row of the import table`,
      severity: 'error',
      from: { path: own },
      to: { path: CODE, pathNot: allowedAtAll },
    },
  ];
  if (types.length > 0) {
    rules.push({
      name: `${station} may import only types from ${types.join(', ')}`,
      severity: 'error',
      from: { path: own },
      to: { path: types.map(folderPattern), pathNot: values.map(folderPattern), dependencyTypesNot: ['type-only'] },
    });
  }
  return rules;
}

/** The rules of dependency-cruiser that the table amounts to. */
export const importRules: IForbiddenRuleType[] = [
  ...Object.entries(STATIONS).flatMap(stationRules),
  {
    name: 'no import cycles',
    severity: 'error',
    from: {},
    to: { circular: true },
  },
  {
    name: 'pure code touches no Node module',
    severity: 'error',
    from: { path: PURE },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'pure code imports only the decimal and calendar libraries',
    severity: 'error',
    from: { path: PURE },
    to: { path: '^node_modules', pathNot: '^node_modules/(@types/)?(big\\.js|luxon)' },
  },
  {
    name: 'workflows import no Node module and no package but the workflow library',
    severity: 'error',
    from: { path: '^workflows/' },
    to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: '^node_modules/@temporalio/(workflow|common)' },
  },
  {
    name: 'no import that cannot be resolved',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'product code imports no development dependency and no test',
    severity: 'error',
    from: { path: CODE },
    to: { path: '^(test|bench)/' },
  },
];

/** How the modules are read: by swc, because dependency-cruiser cannot use TypeScript 7's compiler yet. */
export const cruiseOptions: ICruiseOptions = {
  parser: 'swc',
  tsPreCompilationDeps: true,
  detectProcessBuiltinModuleCalls: true,
  doNotFollow: { path: 'node_modules' },
  enhancedResolveOptions: {
    extensions: ['.ts', '.js', '.d.ts', '.mjs', '.json'],
    conditionNames: ['import', 'node', 'types'],
    exportsFields: ['exports'],
  },
};
