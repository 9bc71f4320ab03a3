import type { Frame, Processes } from './resourceMessages';

/** What the charts show. */
export const WINDOW_MS = 5 * 60_000;
/** Machines whose history is kept; the one that was watched longest ago goes first. */
const MAX_MACHINES = 16;
/** One a second, and some more: clocks jump. */
const MAX_FRAMES = 400;

/** The last five minutes of one machine, as far as somebody watched. */
export class ResourceHistory {
  private kept: Frame[] = [];
  processes: Processes | undefined;

  get frames(): readonly Frame[] {
    return this.kept;
  }

  /** Adds a frame; false if it is the last one again (two watchers get the same samples). */
  add(frame: Frame, processes: Processes | undefined): boolean {
    if (this.kept.at(-1)?.at === frame.at) {
      return false;
    }
    // The clock can be set back: what then seems to be in the future is dropped.
    const oldest = frame.at - WINDOW_MS;
    this.kept = this.kept.filter(({ at }) => at >= oldest && at < frame.at).slice(1 - MAX_FRAMES);
    this.kept.push(frame);
    this.processes = processes;
    return true;
  }
}

/** Histories of the machines that were watched, by id; kept while the view is hidden. */
export class ResourceHistories {
  private readonly byId = new Map<string, ResourceHistory>();

  of(id: string): ResourceHistory {
    const history = this.byId.get(id) ?? new ResourceHistory();
    this.byId.delete(id);
    this.byId.set(id, history);
    for (const oldest of this.byId.keys()) {
      if (this.byId.size <= MAX_MACHINES) {
        break;
      }
      this.byId.delete(oldest);
    }
    return history;
  }
}
