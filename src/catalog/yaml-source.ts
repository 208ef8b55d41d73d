import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';

import { isStorableText, UNSTORABLE_TEXT } from '../domain/storable-text.ts';
import type { CatalogueProblem, FieldPath } from './catalogue-problem.ts';

/** A number as it is spelled in the file. Decimals are read from the spelling, so that 0.000003 never becomes a float. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a YAML file says, with numbers as spelled. */
export type YamlValue =
  null | boolean | string | NumberText | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** A readable file: its value, and where each of its fields stands. */
export interface YamlSource {
  readonly value: YamlValue;
  /** The place of a field, or of the nearest field above it that is there. `key` true: of the name itself. */
  locate(path: FieldPath, key?: boolean): { readonly line: number; readonly column: number };
}

export const CATALOGUE_BYTES_MAX = 1_048_576;
const NODES_MAX = 100_000;
const LEVELS_MAX = 32;
const PROBLEMS_MAX = 20;

/** Reads YAML 1.2 (and so JSON) text. Answers problems instead when it cannot be read, or repeats itself by aliases too often. */
export function readYaml(text: string): YamlSource | { readonly problems: readonly CatalogueProblem[] } {
  const lines = new LineCounter();
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    const problems = document.errors.slice(0, PROBLEMS_MAX).map((error) => ({
      ...place(error.pos[0]),
      path: '',
      message: `is not readable YAML: ${firstSentence(error.message)}`,
    }));
    return { problems };
  }
  const reader = new Reader(document);
  const value = reader.read(document.contents, 1);
  if (reader.refusal !== undefined) {
    return { problems: [{ ...place(reader.refusalOffset), path: '', message: reader.refusal }] };
  }
  return { value, locate: (path, key = false) => place(offsetOf(document, path, key)) };
}

function firstSentence(message: string): string {
  return message.replace(/\s+/g, ' ').trim();
}

class Reader {
  readonly #document: Document;
  #nodes = 0;
  refusal: string | undefined;
  refusalOffset = 0;

  constructor(document: Document) {
    this.#document = document;
  }

  read(node: Node | null, level: number): YamlValue {
    this.#nodes += 1;
    if (node === null || this.refusal !== undefined) return null;
    if (this.#nodes > NODES_MAX) return this.#refuse(node, `has more than ${NODES_MAX} values: split the file`);
    if (level > LEVELS_MAX) return this.#refuse(node, `is nested more than ${LEVELS_MAX} levels deep`);
    if (isAlias(node)) return this.read(node.resolve(this.#document) ?? null, level + 1);
    if (isScalar(node)) return this.#readScalar(node);
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null, level + 1));
    if (isMap(node)) return this.#readMap(node.items as Pair<Node, Node | null>[], level);
    return this.#refuse(node, 'has a form that is not known here: write plain maps, lists and values');
  }

  #readScalar(node: { value: unknown; source?: string } & Node): YamlValue {
    const { value, source } = node;
    if (typeof value === 'number' || typeof value === 'bigint') return new NumberText(source ?? String(value));
    if (typeof value === 'string' && !isStorableText(value)) return this.#refuse(node, UNSTORABLE_TEXT);
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    return this.#refuse(node, 'is a value of a kind that is not known here: put it in quotes');
  }

  #readMap(pairs: readonly Pair<Node, Node | null>[], level: number): YamlValue {
    // No prototype: a field that is called __proto__ stays a field, and is then refused as unknown.
    const fields = Object.create(null) as Record<string, YamlValue>;
    for (const { key, value } of pairs) {
      if (!isScalar(key)) return this.#refuse(key, 'has a field whose name is not plain text');
      const name = String(key.source ?? key.value);
      if (!isStorableText(name)) return this.#refuse(key, UNSTORABLE_TEXT);
      // The parser finds names that are the same value; 1 and "1" are not, and are one name here.
      if (Object.hasOwn(fields, name)) return this.#refuse(key, `has the field ${name} twice: remove one of them`);
      fields[name] = this.read(value, level + 1);
    }
    return fields;
  }

  #refuse(node: Node, message: string): null {
    this.refusal ??= message;
    this.refusalOffset = node.range?.[0] ?? 0;
    return null;
  }
}

/** Walks as far down as the file goes; aliases are left where they stand, which is where the reader will look. */
function offsetOf(document: Document, path: FieldPath, key: boolean): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    const child: { node: Node | null; keyOffset: number } | undefined = childOf(node, part);
    if (child === undefined) return offset;
    const last = index === path.length - 1;
    offset = last && key ? child.keyOffset : (child.node?.range?.[0] ?? child.keyOffset);
    node = child.node;
  }
  return offset;
}

function childOf(node: Node | null, part: string | number): { node: Node | null; keyOffset: number } | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part] as Node | undefined;
    return item === undefined ? undefined : { node: item, keyOffset: item.range?.[0] ?? 0 };
  }
  if (!isMap(node)) return undefined;
  const pair = (node.items as Pair<Node, Node | null>[]).find(
    ({ key }) => isScalar(key) && String(key.source ?? key.value) === part,
  );
  return pair === undefined ? undefined : { node: pair.value, keyOffset: pair.key.range?.[0] ?? 0 };
}
