import type { Duplex } from 'node:stream';
import type { AcceleratorChoice, NetworkMode, OnClose, WorkspaceMode } from '../settings/workspaceSpec';

export type Accelerator = 'kvm' | 'tcg' | 'hyperv';

/** created → starting → running ⇄ suspended → stopped → gone; `failed` can follow any of them. */
export type MachineState =
  | 'created'
  | 'starting'
  | 'running'
  | 'suspending'
  | 'suspended'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'gone';

/** What a probe found: which accelerators run our kernel here, and why the others don't. */
export interface ProbeResult {
  accelerator: Accelerator;
  /** One entry for every accelerator that was tried. `ms` is how long its boot took. */
  tried: { accelerator: Accelerator; works: boolean; ms?: number; reason?: string; fix?: string }[];
}

/** All that is needed to make a machine. Everything is already resolved; nothing here is read from the guest. */
export interface MachineSpec {
  /** `[a-z0-9-]`, at most 63 characters. Names the container, the volumes and the SSH alias. */
  id: string;
  name: string;
  /** Host folder that it was made from: a label, and what is mounted if there is a `share`. */
  folder: string;
  /** `disk/`'s key of the imported image: which read-only disk it boots from. */
  diskKey: string;
  imageId: string;
  imageReference: string;
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  accelerator: AcceleratorChoice;
  networkMode: NetworkMode;
  /** Whom commands run as in the guest, and where. */
  user: string;
  workspaceFolder: string;
  /** Hash over all that needs a new container when it changes (cpus, memory, accelerator, image). */
  specHash: string;
  /** Names the system on the upper disk. A new one makes the guest begin from the image again; the workspace is kept. */
  generation: string;
  /** What its folder's settings say about the last window's closing. */
  onClose: OnClose;
  /** The folder itself is mounted into the guest, instead of a copy. */
  share?: Share;
  guest: GuestConfig;
}

/** What the guest may do with a mounted folder, and whose its files are there. */
export interface Share {
  readOnly: boolean;
  /** The account in the guest that owns the folder's files: the one that commands run as. */
  guestOwner: { uid: number; gid: number };
}

/** What init in the guest is told at boot, on a small read-only config disk. Holds the machine's secrets. */
export interface GuestConfig {
  hostname: string;
  /** `NAME=value`: the image's environment and `containerEnv`. */
  env: Record<string, string>;
  /** Account that sessions use, as `name`, `uid`, `name:group` or `uid:gid` (Docker's `USER`). */
  user: string;
  workspaceFolder: string;
  /** OpenSSH private key (PEM text) of the guest's sshd: made on the host, so it is pinned. */
  hostKey: string;
  /** One line of `authorized_keys`. */
  authorizedKey: string;
  /** Mount the host's folder at the workspace folder, instead of the upper disk's copy. */
  share?: { readOnly: boolean };
}

export interface MachineInfo {
  id: string;
  name: string;
  folder: string;
  state: MachineState;
  /** Why it is in this state, if that needs saying (`failed`, or stopped by a kill). */
  reason?: string;
  accelerator: Accelerator;
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  networkMode: NetworkMode;
  /** Read off the real containers, as `networkMode` is. */
  workspaceMode: WorkspaceMode;
  /** A mounted folder can't be written by the guest. Undefined for a copy. */
  readOnly?: boolean;
  user: string;
  workspaceFolder: string;
  diskKey: string;
  imageId: string;
  imageReference: string;
  specHash: string;
  generation: string;
  /** What happens when the last window closes: the user's choice for it, else its folder's settings; the user's default if undefined. */
  onClose?: OnClose;
  /** True if the user chose `onClose` for this machine, whatever its folder says. */
  onCloseChosen?: true;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** The host's word on what a machine uses (never the guest's). */
export interface MachineUsage {
  /** Milliseconds since the epoch. */
  at: number;
  /** CPU time used since the machine's start, in nanoseconds. */
  cpuNs: number;
  /** CPU use since the last sample in percent of one CPU. */
  cpuPercent: number;
  memoryBytes: number;
  memoryLimitBytes: number;
  /** Bytes that the upper disk really takes on the host. */
  upperDiskBytes: number;
  blockReadBytes: number;
  blockWriteBytes: number;
}

/** One sample of a machine as the host measures it from outside the guest. Rates are since the sample before. */
export interface HostSample {
  /** Milliseconds since the epoch. */
  at: number;
  /** Percent of one CPU, for each vCPU in order. */
  vcpuPercent: number[];
  /** The whole VMM, in percent of one CPU. */
  cpuPercent: number;
  /** What the host really pays: the VMM's memory without page cache that can be dropped. */
  memoryBytes: number;
  memoryLimitBytes: number;
  /** Bytes that the upper disk takes on the host. */
  upperDiskBytes: number;
  readBytesPerSecond: number;
  writeBytesPerSecond: number;
  /** Undefined while the container has no interface but loopback. */
  network?: { receivedBytesPerSecond: number; sentBytesPerSecond: number };
}

/** Where a machine's disk space goes: what its files take on the Engine's host. Bytes. */
export interface DiskUse {
  /** Layers of its image in the store, each with its index; `machines` is how many machines use that layer. */
  layers: { diffId: string; bytes: number; machines: number }[];
  /** Of the layers and the tree that joins them: what other machines use too, and what only this one does. */
  sharedBytes: number;
  ownBytes: number;
  /** The writable disk: what it takes on the host, and how large it may grow. */
  upperBytes: number;
  upperLimitBytes: number;
  /** The saved memory of a suspended machine, else 0. */
  savedMemoryBytes: number;
}

/** Every wait takes a signal and has a deadline of its own; every error says what failed, why, what to do next. */
export interface WaitOptions {
  signal?: AbortSignal;
}

/** One machine. Its state lives with the engine, so a second process sees the same. */
export interface Machine {
  readonly id: string;
  info(options?: WaitOptions): Promise<MachineInfo>;
  /** Boots it, or resumes it if it is suspended. Returns once the VMM runs; SSH answers later. */
  start(options?: WaitOptions): Promise<{ resumed: boolean }>;
  /** A byte stream to the guest's port 22. */
  connect(options?: WaitOptions): Promise<Duplex>;
  /** The serial console's text so far (`tail` lines at most): untrusted guest output. */
  console(options?: WaitOptions & { tail?: number }): Promise<string>;
  /** What the VMM itself said (trusted), same limits. */
  vmmLog(options?: WaitOptions & { tail?: number }): Promise<string>;
  usage(options?: WaitOptions): Promise<MachineUsage>;
  /** What it uses, once a second, measured from outside the guest. Ends by throwing: when the VMM ends, or `signal` aborts. */
  samples(options?: WaitOptions): AsyncGenerator<HostSample, void>;
  /** Where its disk space goes. `others` are the disk keys of all other machines, one for each. */
  diskUse(others: string[], options?: WaitOptions): Promise<DiskUse>;
  /** RAM to a file, all memory freed. The guest must have been prepared (frozen) by the caller. */
  suspend(options?: WaitOptions): Promise<void>;
  setNetwork(mode: NetworkMode, options?: WaitOptions): Promise<void>;
  /** Asks the guest to power off, and forces it after `graceMs` (default 20 s). */
  stop(options?: WaitOptions & { graceMs?: number }): Promise<{ forced: boolean }>;
  /** Drops the upper disk; the next start begins from the image. The machine must be stopped. */
  reset(options?: WaitOptions): Promise<void>;
  /** Removes the machine and its disk. */
  destroy(options?: WaitOptions): Promise<void>;
}

export interface Hypervisor {
  probe(options?: WaitOptions & { fresh?: boolean }): Promise<ProbeResult>;
  /** Creates (or, if one with the same id and another specHash exists, re-creates around its disk). */
  create(spec: MachineSpec, options?: WaitOptions): Promise<Machine>;
  /** @throws BulkheadError if this folder of this computer can't, or must not, be mounted into a machine */
  assertMountable(folder: string, readOnly: boolean, options?: WaitOptions): Promise<void>;
  list(options?: WaitOptions): Promise<MachineInfo[]>;
  /** The machine with this id, or undefined. */
  get(id: string, options?: WaitOptions): Promise<Machine | undefined>;
}
