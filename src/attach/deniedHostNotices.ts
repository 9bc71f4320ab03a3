import type { Memory } from './hostFolders';

const OFF = 'deniedHostNotices:off';

/** Whether the user wants to be told of denied hosts; kept from one window to the next. */
export class DeniedHostNotices {
  /** Since when he does; milliseconds since the epoch. What was denied before is no news, though nobody was told of it. */
  since = 0;

  constructor(private readonly memory: Memory) {}

  get off(): boolean {
    return this.memory.get<boolean>(OFF) === true;
  }

  async set(on: boolean): Promise<void> {
    if (on && this.off) {
      this.since = Date.now();
    }
    await this.memory.update(OFF, on ? undefined : true);
  }
}
