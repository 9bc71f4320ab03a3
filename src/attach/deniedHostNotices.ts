import type { Memory } from './hostFolders';

const OFF = 'deniedHostNotices:off';

/** Whether the user wants to be told of denied hosts; kept from one window to the next. */
export class DeniedHostNotices {
  constructor(private readonly memory: Memory) {}

  get off(): boolean {
    return this.memory.get<boolean>(OFF) === true;
  }

  async set(on: boolean): Promise<void> {
    await this.memory.update(OFF, on ? undefined : true);
  }
}
