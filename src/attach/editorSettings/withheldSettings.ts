import { createHash } from 'node:crypto';
import type { App } from '../../app';
import type { Disposable } from '../../core/disposables';
import { Listeners } from '../../core/listeners';
import type { Memory } from '../hostFolders';
import { editorFileKind } from './editorFile';

/** A file that VS Code did not get. */
export interface Withheld {
  readonly machineId: string;
  /** Absolute path in the machine. */
  readonly path: string;
  /** Names of the settings because of which; empty if the file cannot be read as one. Hostile text. */
  readonly keys: readonly string[];
  /** Of its bytes: SHA-256, hex. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Contents that were agreed to, remembered for one machine at most. */
const MAX_AGREED = 50;

/**
 * Stands between a machine's files and VS Code's own settings files among them. VS Code counts every folder of a file
 * system provider as trusted, and obeys its `terminal.integrated.profiles`, say, on *this* computer. So what it would not
 * obey in Restricted Mode it does not get, unless the user agreed to exactly those bytes, or wrote them himself.
 */
export class WithheldSettings implements Disposable {
  private readonly withheld = new Listeners<Withheld>();
  readonly onDidWithhold = this.withheld.add;
  private readonly agreedTo = new Listeners<Withheld>();
  /** The file may be read now. */
  readonly onDidAgree = this.agreedTo.add;

  /** `isHarmless` is asked anew each time: extensions come and go. */
  constructor(
    private readonly app: Pick<App, 'editorSettings'>,
    private readonly memory: Memory,
    private readonly isHarmless: () => (key: string) => boolean,
  ) {}

  /** What was read and must not be passed on; undefined if it may. */
  async look(machineId: string, path: string, bytes: Uint8Array): Promise<Withheld | undefined> {
    const kind = editorFileKind(path);
    const digest = kind && digestOf(bytes);
    if (kind === undefined || digest === undefined || this.agreed(machineId).includes(digest)) {
      return undefined;
    }
    const isHarmless = this.isHarmless();
    const keys = await this.app.editorSettings(Buffer.from(bytes).toString('utf8'), kind);
    const doubtful = keys?.filter((key) => kind === 'servers' || !isHarmless(key));
    if (doubtful?.length === 0) {
      return undefined;
    }
    const found = { machineId, path, keys: doubtful ?? [], digest, bytes };
    this.withheld.fire(found);
    return found;
  }

  /** VS Code may have these bytes from now on. */
  async agree(found: Withheld): Promise<void> {
    await this.remember(found.machineId, found.digest);
    this.agreedTo.fire(found);
  }

  /** The editor itself has written these bytes: they come from this computer. */
  async wrote(machineId: string, path: string, bytes: Uint8Array): Promise<void> {
    if (editorFileKind(path) !== undefined) {
      await this.remember(machineId, digestOf(bytes));
    }
  }

  dispose(): void {
    this.withheld.dispose();
    this.agreedTo.dispose();
  }

  private async remember(machineId: string, digest: string): Promise<void> {
    const others = this.agreed(machineId).filter((each) => each !== digest);
    await this.memory.update(keyOf(machineId), [...others, digest].slice(-MAX_AGREED));
  }

  private agreed(machineId: string): string[] {
    return this.memory.get<string[]>(keyOf(machineId)) ?? [];
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function keyOf(machineId: string): string {
  return `editorSettings:${machineId}`;
}
