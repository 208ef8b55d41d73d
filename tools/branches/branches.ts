/** What V8 writes of one script. Ranges of a function are nested: the innermost that holds a place says how often it ran. */
export interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

/** The branches of one file: blocks that V8 has counted apart, functions included. */
export interface FileBranches {
  readonly all: number;
  /** Offsets of blocks that no process has run. */
  readonly never: readonly { readonly start: number; readonly end: number }[];
}

/** Brings together what several processes say of one file. */
export function branchesOf(coverages: readonly ScriptCoverage[], length: number): FileBranches {
  const ran = new Uint8Array(length);
  const blocks = new Map<string, { start: number; end: number }>();
  for (const { functions } of coverages) {
    const counts = new Float64Array(length);
    const ranges = functions.flatMap((one) => one.ranges);
    // From the widest to the narrowest, so that the innermost is written last.
    for (const { startOffset, endOffset, count } of ranges.toSorted((one, other) => widthOf(other) - widthOf(one))) {
      counts.fill(count, startOffset, endOffset);
      blocks.set(`${startOffset} ${endOffset}`, { start: startOffset, end: endOffset });
    }
    for (let place = 0; place < length; place += 1) if ((counts[place] ?? 0) > 0) ran[place] = 1;
  }
  const never = [...blocks.values()].filter(({ start, end }) => !ran.subarray(start, end).includes(1));
  return { all: blocks.size, never: outermost(never) };
}

function widthOf({ startOffset, endOffset }: { readonly startOffset: number; readonly endOffset: number }): number {
  return endOffset - startOffset;
}

/** A block inside of one that never ran is the same gap. */
function outermost<Block extends { readonly start: number; readonly end: number }>(blocks: readonly Block[]): Block[] {
  return blocks.filter(
    (block) => !blocks.some((other) => other !== block && other.start <= block.start && block.end <= other.end),
  );
}
