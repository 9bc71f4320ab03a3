/** The part of `vscode.Memento` that is used here. */
export interface Memory {
  get<T>(key: string): T | undefined;
  update(key: string, value: unknown): Thenable<void>;
}

type Thenable<T> = PromiseLike<T>;

/**
 * What a window must know of a machine before the engine answers: which host folder it was made from (so that
 * "Reopen Locally" works without Docker), and what to tell the user once the folder is open in it.
 */
export class HostFolders {
  constructor(private readonly memory: Memory) {}

  folderOf(id: string): string | undefined {
    return this.memory.get<string>(`folder:${id}`);
  }

  async remember(id: string, folder: string): Promise<void> {
    if (this.folderOf(id) !== folder) {
      await this.memory.update(`folder:${id}`, folder);
    }
  }

  async forget(id: string): Promise<void> {
    await this.memory.update(`folder:${id}`, undefined);
    await this.memory.update(`notices:${id}`, undefined);
  }

  /** Keeps sentences for the window that opens next on the machine: this one's notifications end with it. */
  async leaveNotices(id: string, notices: string[]): Promise<void> {
    await this.memory.update(`notices:${id}`, notices.length > 0 ? notices : undefined);
  }

  async takeNotices(id: string): Promise<string[]> {
    const notices = this.memory.get<string[]>(`notices:${id}`) ?? [];
    if (notices.length > 0) {
      await this.memory.update(`notices:${id}`, undefined);
    }
    return notices;
  }
}
