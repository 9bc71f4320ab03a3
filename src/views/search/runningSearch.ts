import type { Attachments } from '../../attach/attachments';
import { excludeSettings, type GuestFolder } from '../../attach/searchedFolder';
import type { Disposable } from '../../core/disposables';
import { isCancelled, messageOf } from '../../core/errors';
import type { FileMatch } from '../../guest/fileMatch';
import { type SearchSummary, searchFiles } from '../../guest/searchFiles';
import { type SearchQuery, splitPatterns } from '../../guest/searchQuery';
import type { SearchOptions } from './searchOptions';

/** Milliseconds without a key press before the guest is asked. */
const PAUSE_MS = 250;

export interface SearchState {
  /** Undefined: nothing is searched for. */
  readonly query: SearchQuery | undefined;
  readonly matches: readonly FileMatch[];
  readonly busy: boolean;
  readonly summary: SearchSummary | undefined;
  readonly failure: string | undefined;
}

const NOTHING: SearchState = {
  query: undefined,
  matches: [],
  busy: false,
  summary: undefined,
  failure: undefined,
};

/** One search at a time: the one before is cancelled, and its process in the guest ended. */
export class RunningSearch implements Disposable {
  private current = NOTHING;
  private running: AbortController | undefined;
  private pause: NodeJS.Timeout | undefined;

  constructor(
    private readonly attachments: Attachments,
    private readonly folder: GuestFolder,
    private readonly onChange: () => void,
  ) {}

  get state(): SearchState {
    return this.current;
  }

  /** Asks for these words after a short pause; whatever runs is cancelled at once. */
  want(text: string, options: SearchOptions): void {
    this.dispose();
    if (text === '') {
      this.change(NOTHING);
      return;
    }
    const query = toQuery(text, options, this.folder);
    // The rows of before stay until there are new ones, so that the list does not flicker with each key.
    this.change({ ...this.current, query, busy: true, summary: undefined, failure: undefined });
    this.pause = setTimeout(() => void this.run(query), PAUSE_MS);
  }

  dispose(): void {
    clearTimeout(this.pause);
    this.running?.abort();
    this.running = undefined;
  }

  private async run(query: SearchQuery): Promise<void> {
    const running = new AbortController();
    this.running = running;
    const { signal } = running;
    const matches: FileMatch[] = [];
    try {
      const { guest } = await this.attachments.hold(this.folder.id).attach();
      const onMatches = (found: FileMatch[]) => {
        matches.push(...found);
        this.change({ query, matches, busy: true, summary: undefined, failure: undefined });
      };
      const summary = await searchFiles(guest, this.folder.path, query, { signal, onMatches });
      if (!signal.aborted) {
        this.change({ query, matches, busy: false, summary, failure: undefined });
      }
    } catch (error) {
      if (!signal.aborted) {
        const failure = isCancelled(error) ? undefined : messageOf(error);
        this.change({ query, matches, busy: false, summary: undefined, failure });
      }
    }
  }

  private change(state: SearchState): void {
    this.current = state;
    this.onChange();
  }
}

function toQuery(text: string, options: SearchOptions, folder: GuestFolder): SearchQuery {
  const { regex, matchCase, wholeWord, useExcludes } = options;
  const exclude = splitPatterns(options.exclude);
  return {
    text,
    regex,
    matchCase,
    wholeWord,
    scope: {
      include: splitPatterns(options.include),
      exclude: useExcludes ? [...exclude, ...excludeSettings(folder)] : exclude,
      useIgnoreFiles: useExcludes,
    },
  };
}
