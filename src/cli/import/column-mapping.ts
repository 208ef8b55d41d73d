import type { EventInput } from '../../client/index.ts';
import { CliError } from '../cli-error.ts';

/** Which column feeds which part of an event. */
export interface ColumnMapping {
  readonly time: string;
  readonly quantity?: string | undefined;
  /** Property name → column; the cell is sent as text. */
  readonly properties: Readonly<Record<string, string>>;
}

/** What of an event is the same for all rows. */
export interface EventFrame {
  readonly tenant: string;
  readonly type: string;
  readonly zone: string;
}

/** Reads one `name=COLUMN` of the command line into those before it. @throws CliError when it has no name or no column */
export function collectProperty(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  const column = text.slice(at + 1);
  if (at < 1 || column === '') {
    throw new CliError(
      `--property ${JSON.stringify(text)}: write it as name=COLUMN, such as inputTokens=ContextTokens`,
    );
  }
  if (Object.hasOwn(before, name)) throw new CliError(`--property ${name} is given twice: keep one`);
  return { ...before, [name]: column };
}

/** Positions of the mapped columns in a row. */
export interface ColumnPositions {
  readonly time: number;
  readonly quantity: number | undefined;
  readonly properties: readonly (readonly [name: string, position: number])[];
}

/** Finds the mapped columns in a file's header. @throws CliError naming what is missing and the columns there are */
export function locateColumns(file: string, columns: readonly string[], mapping: ColumnMapping): ColumnPositions {
  const wanted = [mapping.time, ...(mapping.quantity === undefined ? [] : [mapping.quantity])];
  const all = [...wanted, ...Object.values(mapping.properties)];
  const missing = [...new Set(all.filter((name) => !columns.includes(name)))];
  if (missing.length > 0) {
    const names = missing.map((name) => JSON.stringify(name)).join(', ');
    throw new CliError(`${file}:1: no column ${names}: the file has ${columns.join(', ')}`);
  }
  return {
    time: columns.indexOf(mapping.time),
    quantity: mapping.quantity === undefined ? undefined : columns.indexOf(mapping.quantity),
    properties: Object.entries(mapping.properties).map(([name, column]) => [name, columns.indexOf(column)]),
  };
}

/**
 * The event of one row. An empty cell of a property leaves that property out; an empty quantity is sent as it is, for the service to
 * refuse, because taking 1 for it would be a guess.
 */
export function eventOfRow(
  frame: EventFrame,
  positions: ColumnPositions,
  cells: readonly string[],
  id: string,
  occurredAt: string,
): EventInput {
  const properties = positions.properties
    .map(([name, position]) => [name, cells[position] ?? ''] as const)
    .filter(([, cell]) => cell !== '');
  return {
    id,
    tenant: frame.tenant,
    type: frame.type,
    occurredAt,
    ...(positions.quantity === undefined ? {} : { quantity: (cells[positions.quantity] ?? '').trim() }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
  };
}
