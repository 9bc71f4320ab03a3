/** A list of relative paths, kept lower-cased beside them, so that each key press only looks. */
export class RankedPaths {
  private readonly paths: string[] = [];
  private readonly lower: string[] = [];

  get length(): number {
    return this.paths.length;
  }

  add(paths: readonly string[]): void {
    for (const path of paths) {
      this.paths.push(path);
      this.lower.push(path.toLowerCase());
    }
  }

  /**
   * The best `limit` for what was typed, best first: the whole name, its beginning, a word in it, its letters in
   * order, then the same anywhere in the path. Words are looked for one by one. Without a query, the first ones.
   */
  best(query: string, limit: number): string[] {
    const words = query.toLowerCase().replaceAll('\\', '/').split(/\s+/).filter(Boolean);
    if (words.length === 0) {
      return this.paths.slice(0, limit);
    }
    const hits: { path: string; score: number }[] = [];
    for (const [at, lower] of this.lower.entries()) {
      let score = 0;
      for (const word of words) {
        const own = scoreOf(word, lower);
        if (own < 0) {
          score = -1;
          break;
        }
        score += own;
      }
      const path = this.paths[at];
      if (score >= 0 && path !== undefined) {
        // Of equals the shorter, so that what lies near the root comes first.
        hits.push({ path, score: score - Math.min(lower.length, 900) / 1000 });
      }
    }
    hits.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1));
    return hits.slice(0, limit).map(({ path }) => path);
  }
}

/** How well `word` fits `path` (both lower case): −1 not at all, else more is better. */
function scoreOf(word: string, path: string): number {
  const at = path.lastIndexOf('/') + 1;
  const name = path.slice(at);
  if (!word.includes('/')) {
    if (name === word) {
      return 1000;
    }
    const inName = name.indexOf(word);
    if (inName >= 0) {
      return inName === 0 ? 800 : isBoundary(name, inName) ? 650 : 500;
    }
    const letters = lettersInOrder(word, name);
    if (letters >= 0) {
      return 300 + letters;
    }
  }
  const inPath = path.indexOf(word);
  if (inPath >= 0) {
    return isBoundary(path, inPath) ? 250 : 200;
  }
  const letters = lettersInOrder(word, path);
  return letters < 0 ? -1 : letters / 2;
}

/** −1 if the letters don't follow each other in that order; else 0…100: more, the more of them begin a word or go on. */
function lettersInOrder(word: string, text: string): number {
  let from = 0;
  let good = 0;
  for (const letter of word) {
    const at = text.indexOf(letter, from);
    if (at < 0) {
      return -1;
    }
    if ((at === from && from > 0) || isBoundary(text, at)) {
      good++;
    }
    from = at + letter.length;
  }
  return (100 * good) / word.length;
}

function isBoundary(text: string, at: number): boolean {
  return at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? '');
}

/** What is typed into "Go to File": a name, and behind it a place as compilers print it (`main.ts:12:3`). */
export function splitPlace(typed: string): { query: string; line?: number; column?: number } {
  const [, query, line, column] = /^(.+?)[:#(](\d{1,9})(?:[:,](\d{1,9}))?\)?:?$/.exec(typed) ?? [];
  if (query === undefined || line === undefined) {
    return { query: typed.replace(/[:#(]$/, '') };
  }
  return { query, line: Number(line), ...(column !== undefined && { column: Number(column) }) };
}
