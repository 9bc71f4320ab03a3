// What the extension and the web page of the Resources view say to each other. Imports nothing: both sides are built from it.

/** One moment of a machine, as the charts need it. Bytes, bytes per second, percent of one CPU; all finite, none negative. */
export interface Frame {
  /** Milliseconds since the epoch. */
  at: number;
  host: {
    /** One for each vCPU. */
    cpus: number[];
    /** The whole VMM. */
    cpu: number;
    memory: number;
    memoryLimit: number;
    upper: number;
    read: number;
    write: number;
    received?: number;
    sent?: number;
  };
  /** Missing when the guest did not answer. */
  guest?: {
    cpus: number[];
    total: number;
    used: number;
    cached: number;
    diskSize: number;
    diskUsed: number;
    read: number;
    write: number;
    received: number;
    sent: number;
  };
}

/** A process of the guest; the name is untrusted text without control characters. */
export interface ProcessRow {
  pid: number;
  name: string;
  uid: number;
  /** Percent of one CPU. */
  cpu: number;
  memory: number;
  /** A part of Bulkhead's own, which runs in every guest. */
  kit?: true;
}

/** Those that use most, of `count` in all. */
export interface Processes {
  count: number;
  rows: ProcessRow[];
}

/** What does not change every second. Names are printable text, but may have anything in them. */
export interface MachineHead {
  id: string;
  name: string;
  state: string;
  /** Whether it can be started, resumed or neither now. */
  next?: 'start' | 'resume';
  reason?: string;
  accelerator: string;
  cpus: number;
  memory: number;
  networkMode: string;
}

/** Where the machine's space goes, as the host counts it; bytes. */
export interface Space {
  shared: number;
  own: number;
  layers: number;
  upper: number;
  upperLimit: number;
  savedMemory: number;
}

/**
 * - `loading`: no answer yet.
 * - `none`: there is no machine to show; `others` if there are some to choose from.
 * - `live`: samples come.
 * - `resting`: it does not run; what is shown is the last that was seen.
 * - `lost`: the machine (or, without a machine, the engine) can't be asked; that is tried again.
 */
export type Watch =
  | { kind: 'loading' }
  | { kind: 'none'; others: boolean }
  | { kind: 'live' }
  | { kind: 'resting' }
  | { kind: 'lost'; message: string };

export type ToPage =
  /** Everything anew: first of all, and when another machine is shown. */
  | {
      type: 'show';
      texts: Record<string, string>;
      windowMs: number;
      machine?: MachineHead;
      watch: Watch;
      frames: Frame[];
      processes?: Processes;
      space?: Space;
    }
  | { type: 'watch'; machine?: MachineHead; watch: Watch }
  | { type: 'frame'; frame: Frame; processes?: Processes }
  | { type: 'space'; space: Space };

/** What a button of the page asks for. */
export const PAGE_ACTIONS = ['start', 'resume', 'open', 'choose', 'retry'] as const;
export type PageAction = (typeof PAGE_ACTIONS)[number];

export type FromPage = { type: 'ready' } | { type: 'action'; action: PageAction };

/** A message of the page, or undefined for anything else. Carries no data but one of a few words. */
export function readPageMessage(message: unknown): FromPage | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) {
    return undefined;
  }
  if (message.type === 'ready') {
    return { type: 'ready' };
  }
  const asked = message.type === 'action' && 'action' in message ? message.action : undefined;
  const action = PAGE_ACTIONS.find((known) => known === asked);
  return action && { type: 'action', action };
}
