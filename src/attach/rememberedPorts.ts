import type { Memory } from './hostFolders';

/** What the user chose for one port of a machine. */
export interface PortChoice {
  /** False: stopped by hand, so that the settings do not forward it again. */
  readonly forward: boolean;
  /** The port of this computer that it had last. */
  readonly localPort?: number;
}

/** Ports remembered for one machine at most: a guest can open any number of them. */
const MAX_PORTS = 100;
const NOTICES_OFF = 'portNotices:off';

/** True for a TCP port that can be listened on. */
export function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/** What is kept of a machine's ports from one window to the next: choices, and which ports the user was told of. */
export class RememberedPorts {
  constructor(private readonly memory: Memory) {}

  choices(id: string): Map<number, PortChoice> {
    const choices = new Map<number, PortChoice>();
    for (const [key, choice] of Object.entries(
      this.memory.get<Record<string, PortChoice>>(`ports:${id}`) ?? {},
    )) {
      const port = Number(key);
      if (isPort(port) && typeof choice?.forward === 'boolean') {
        const { forward, localPort } = choice;
        choices.set(port, { forward, ...(isPort(localPort) && { localPort }) });
      }
    }
    return choices;
  }

  async choose(id: string, port: number, choice: PortChoice): Promise<void> {
    const choices = this.choices(id);
    // Set anew, so that the oldest choice is the first.
    choices.delete(port);
    choices.set(port, choice);
    const kept = [...choices].slice(-MAX_PORTS);
    await this.memory.update(`ports:${id}`, Object.fromEntries(kept));
  }

  /** True the first time only. */
  async announce(id: string, port: number): Promise<boolean> {
    const told = this.memory.get<number[]>(`toldPorts:${id}`) ?? [];
    if (told.includes(port)) {
      return false;
    }
    await this.memory.update(`toldPorts:${id}`, [...told, port].slice(-MAX_PORTS));
    return true;
  }

  get noticesOff(): boolean {
    return this.memory.get<boolean>(NOTICES_OFF) === true;
  }

  async setNotices(on: boolean): Promise<void> {
    await this.memory.update(NOTICES_OFF, on ? undefined : true);
  }

  async forget(id: string): Promise<void> {
    await this.memory.update(`ports:${id}`, undefined);
    await this.memory.update(`toldPorts:${id}`, undefined);
  }
}
