import type { GuestTerminalOptions } from '../guestPseudoterminal';

type Place = NonNullable<GuestTerminalOptions['place']>;

/** Names that are kept: a window has few tasks. */
const NAMES_MAX = 100;

/** Where tasks run, by the name that VS Code gives their terminals: the API does not say which terminal is a task's. */
export class TaskPlaces {
  private readonly places = new Map<string, Place>();

  remember(task: string, place: Place): void {
    this.places.delete(task);
    this.places.set(task, place);
    for (const oldest of this.places.keys()) {
      if (this.places.size <= NAMES_MAX) {
        break;
      }
      this.places.delete(oldest);
    }
  }

  of(task: string): Place | undefined {
    return this.places.get(task);
  }
}
