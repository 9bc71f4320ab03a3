import { throwIfAborted } from '../core/deadline';
import { checkMatch, type FileMatch, type RawMatch, relativePath } from './fileMatch';
import type { Guest } from './guest';
import { checkGuestPath } from './guestPath';
import { type AttemptEnd, runAttempts } from './runAttempts';
import { searchAttempts } from './searchAttempts';
import { type SearchQuery, scopeFilter } from './searchQuery';
import { type SearchTools, searchTools } from './searchTools';

const SEARCH_MS = 180_000;
export const MATCHES_MAX = 2_000;

export interface SearchSummary {
  /** Program in the guest that searched. */
  tool: string;
  matches: number;
  /** `enough`: there may be more than `limit`. `late`: it took too long and was ended. */
  end: AttemptEnd;
  /** Lines that can't be shown: too long, binary, or not what the tool prints. */
  skipped: number;
}

/**
 * Searches the files below `folder` (absolute guest path) with what the guest has, and reports matches as they come.
 * The guest's process ends with the search. All that comes back is checked: no path leaves the folder.
 * @throws BulkheadError of kind `usage` for an expression that the guest's tool can't read
 */
export async function searchFiles(
  guest: Guest,
  folder: string,
  query: SearchQuery,
  options: {
    signal: AbortSignal;
    onMatches: (matches: FileMatch[]) => void;
    limit?: number;
    user?: string;
    /** Looked for in the guest if left out. */
    tools?: SearchTools;
    deadlineMs?: number;
  },
): Promise<SearchSummary> {
  const root = checkGuestPath(folder);
  const counts = scopeFilter(query.scope);
  const limit = options.limit ?? MATCHES_MAX;
  throwIfAborted(options.signal);
  const tools = options.tools ?? (await searchTools(guest));
  throwIfAborted(options.signal);
  let found = 0;
  let impossible = 0;
  const { attempt, end } = await runAttempts(
    {
      guest,
      folder: root,
      user: options.user,
      signal: options.signal,
      deadlineMs: options.deadlineMs ?? SEARCH_MS,
    },
    searchAttempts(tools, query),
    ({ parser }, chunk) => {
      const matches: FileMatch[] = [];
      for (const raw of parser.push(chunk)) {
        const match = checkMatch(root, locate(raw, query));
        if (!match) {
          impossible++;
        } else if (counts(relativePath(raw.path))) {
          matches.push(match);
        }
      }
      matches.length = Math.min(matches.length, limit - found);
      found += matches.length;
      if (matches.length > 0 && !options.signal.aborted) {
        options.onMatches(matches);
      }
      return found < limit;
    },
  );
  return { tool: attempt.tool, matches: found, end, skipped: impossible + attempt.parser.skipped };
}

/** The place of plain text in its line, where the tool does not say. */
function locate(raw: RawMatch, { text, regex, matchCase }: SearchQuery): RawMatch {
  if (raw.range || regex) {
    return raw;
  }
  const start = matchCase ? raw.text.indexOf(text) : raw.text.toLowerCase().indexOf(text.toLowerCase());
  return start < 0 ? raw : { ...raw, range: { start, end: start + text.length } };
}
