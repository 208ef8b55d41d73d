/** One small change of a source file that tests must notice. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** The file with the change. */
  readonly text: string;
}

/** What is changed into what. Each changes what a program computes, none what it is made of. */
const CHANGES: readonly (readonly [found: RegExp, put: string])[] = [
  [/\.isAbove\(/g, '.isBelow('],
  [/\.isBelow\(/g, '.isAbove('],
  [/\.atMost\(/g, '.atLeast('],
  [/\.atLeast\(/g, '.atMost('],
  [/\.plus\(/g, '.minus('],
  [/\.minus\(/g, '.plus('],
  [/\.times\(/g, '.plus('],
  [/\.dividedBy\(/g, '.times('],
  [/\.ceiling\(\)/g, '.floor()'],
  [/\.floor\(\)/g, '.ceiling()'],
  [/\.negated\(\)/g, ''],
  [/\.isZero\b/g, '.isNegative'],
  [/\.isNegative\b/g, '.isZero'],
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' + '],
  [/\.some\(/g, '.every('],
  [/\.every\(/g, '.some('],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\bZERO\b/g, 'ONE'],
  [/\b1n\b/g, '2n'],
  [/\b0n\b/g, '1n'],
  [/\b2n\b/g, '3n'],
  [/\(!/g, '('],
];

/** Every mutant of a file. Comments, texts, imports and types are left alone. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const code = withoutTexts(text);
  return CHANGES.flatMap(([found, put]) =>
    [...code.matchAll(found)].flatMap(({ 0: before, index }): Mutant[] => {
      const lineStart = code.lastIndexOf('\n', index) + 1;
      const lineEnd = code.indexOf('\n', index);
      const line = code.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
      if (/^(import|export (const|interface|type)|  readonly|} from|type |interface )/.test(line)) return [];
      const changed = text.slice(0, index) + put + text.slice(index + before.length);
      return [{ file, line: code.slice(0, index).split('\n').length, before, after: put, text: changed }];
    }),
  );
}

/** The same text with every comment and every character of a literal as a blank, so that places stay what they are. */
function withoutTexts(text: string): string {
  const hidden = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  return text.replace(hidden, (found) => found.replace(/[^\n]/g, ' '));
}
