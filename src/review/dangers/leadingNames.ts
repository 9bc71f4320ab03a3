import type { Lead } from '../host/lead';
import { foldPath } from './foldName';

/** Names of one place that are looked at. */
const NAMES_MAX = 64;

/**
 * The names by which a place is reached other than its own: `.vscode/tasks.json` for `ide/tasks.json` where `.vscode` is a link
 * to `ide`; over several links too. Compared as the most forgiving file system would.
 */
export class LeadingNames {
  private readonly byPlace = new Map<string, Lead[]>();

  /** @param leads the surest first: of too many, the last are not followed */
  constructor(leads: readonly Lead[]) {
    for (const lead of leads) {
      const place = lead.to === '' ? '' : foldPath(lead.to);
      this.byPlace.set(place, [...(this.byPlace.get(place) ?? []), lead]);
    }
  }

  /** `isPartial`: there are more. */
  of(path: string): { names: string[]; isPartial: boolean } {
    const names: string[] = [];
    if (this.byPlace.size === 0) {
      return { names, isPartial: false };
    }
    const used = new Set<Lead>();
    const waiting = [path];
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      for (const [lead, rest] of this.leadsTo(name)) {
        if (used.has(lead)) {
          continue;
        }
        if (names.length >= NAMES_MAX) {
          return { names, isPartial: true };
        }
        used.add(lead);
        const other = rest === '' ? lead.name : `${lead.name}/${rest}`;
        names.push(other);
        waiting.push(other);
      }
    }
    return { names, isPartial: false };
  }

  private *leadsTo(path: string): Generator<[Lead, string]> {
    const names = path.split('/');
    for (let depth = names.length; depth >= 0; depth--) {
      const place = foldPath(names.slice(0, depth).join('/'));
      for (const lead of this.byPlace.get(depth === 0 ? '' : place) ?? []) {
        yield [lead, names.slice(depth).join('/')];
      }
    }
  }
}
