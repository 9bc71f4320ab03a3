import { BulkheadError } from '../core/errors';
import type { FileChange } from './guestFiles';
import { isInside } from './guestPath';

/** PATH_MAX and NAME_MAX, and room for replacement characters. */
const FIELD_MAX = 16_384;

export type InotifyEvent = { overflow: true } | { overflow: false; change: FileChange; directory: boolean };

/**
 * Parses `inotifywait --format '%e%0%w%f%0' --no-newline`: event names, NUL, path, NUL, over and over.
 * Throws if a field grows beyond any real one; drops paths outside of `root`.
 */
export class InotifyParser {
  private rest = Buffer.alloc(0);
  private names: string | undefined;

  constructor(private readonly root: string) {}

  push(chunk: Buffer): InotifyEvent[] {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const events: InotifyEvent[] = [];
    let at = 0;
    for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, at)) {
      const field = bytes.toString('utf8', at, end);
      at = end + 1;
      if (this.names === undefined) {
        this.names = field;
      } else {
        const event = this.event(this.names, field);
        this.names = undefined;
        if (event) {
          events.push(event);
        }
      }
    }
    this.rest = Buffer.from(bytes.subarray(at));
    if (this.rest.length > FIELD_MAX) {
      throw new BulkheadError('The VM’s file watcher sent something that is not its format.');
    }
    return events;
  }

  private event(list: string, path: string): InotifyEvent | undefined {
    const names = new Set(list.split(','));
    if (names.has('Q_OVERFLOW')) {
      return { overflow: true };
    }
    // A watched folder itself comes as "folder/".
    const clean = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const kind = kindOf(names);
    if (!kind || !isInside(this.root, clean)) {
      return undefined;
    }
    return { overflow: false, change: { path: clean, kind }, directory: names.has('ISDIR') };
  }
}

function kindOf(names: Set<string>): FileChange['kind'] | undefined {
  if (names.has('CREATE') || names.has('MOVED_TO')) {
    return 'created';
  }
  if (names.has('DELETE') || names.has('MOVED_FROM') || names.has('DELETE_SELF') || names.has('MOVE_SELF')) {
    return 'deleted';
  }
  if (names.has('CLOSE_WRITE') || names.has('MODIFY') || names.has('ATTRIB')) {
    return 'changed';
  }
  return undefined;
}
