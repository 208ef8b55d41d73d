import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { ROUTES } from '../../src/api/routes/index.ts';

interface Operation {
  readonly 'x-scopes'?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Reference[];
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Reference {
  readonly $ref?: string;
  readonly name?: string;
  readonly in?: string;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const text = readFileSync('docs/openapi.yaml', 'utf8');
const document = parse(text, { maxAliasCount: -1 }) as OpenApi;
const METHODS = ['get', 'post', 'delete', 'put', 'patch'];

const documented = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => METHODS.includes(method))
    .map(([method, operation]) => ({ path, method, operation, item })),
);

function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

/** What a JSON pointer within the document leads to. */
function resolve(reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], document);
}

describe('docs/openapi.yaml', () => {
  test('has every route of the app, and no other', () => {
    const inApp = ROUTES.map(({ method, path }) => `${method} ${templateOf(path)}`);
    const inDocument = documented.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(inDocument)).toEqual(new Set(inApp));
    expect(inApp).toHaveLength(new Set(inApp).size);
  });

  test('names the scopes that each route asks for', () => {
    for (const { method, path, scopes } of ROUTES) {
      const operation = document.paths[templateOf(path)]?.[method];
      expect([method, path, operation?.['x-scopes'] ?? null]).toEqual([method, path, scopes]);
      if (scopes === null) expect(operation?.security).toEqual([]);
    }
  });

  test('declares each variable of a path', () => {
    for (const { path, operation, item } of documented) {
      const parameters = [
        ...((item['parameters'] as unknown as Reference[] | undefined) ?? []),
        ...(operation.parameters ?? []),
      ];
      const named = parameters
        .map((parameter) => (parameter.$ref === undefined ? parameter : (resolve(parameter.$ref) as Reference)))
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => parameter.name);
      expect([path, named]).toEqual([path, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)]);
    }
  });

  test('refers only to what it has', () => {
    const references = [...text.matchAll(/\$ref: '([^']+)'/g)].map(([, reference]) => reference ?? '');
    expect(references.length).toBeGreaterThan(50);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });
});
