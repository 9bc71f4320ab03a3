import type { Duplex } from 'node:stream';
import type { Disposable } from '../core/disposables';
import type { Log } from '../core/log';
import type { Phase, ReportProgress } from '../core/progress';
import type { ConfirmSignature, CredentialUse } from '../credentials/credentialUse';
import type { CredentialChange, Lent } from '../credentials/lent';
import type { CopyInOptions } from '../guest/copy/copyIn';
import type { CopyOutOptions } from '../guest/copy/copyOut';
import type { CopyPlan, CopyResult } from '../guest/copy/copyTree';
import type { CopyUndo } from '../guest/copy/copyUndo';
import type { Guest } from '../guest/guest';
import type { GuestSample, ListeningPort } from '../guest/guestWatch';
import type { WorkspaceDifference } from '../guest/workspaceDifferences';
import type {
  Accelerator,
  DiskUse,
  HostSample,
  MachineInfo,
  MachineState,
  MachineUsage,
  WaitOptions,
} from '../machine/hypervisor';
import type { ChoosePresetHosts, NetworkService } from '../network/networkService';
import type { ReviewService } from '../review/reviewService';
import type { Ask, AskKind, FolderAsks } from '../settings/asks';
import type { SettingsText } from '../settings/checkText';
import type { EditorFileKind } from '../settings/editorSettings';
import type { EffectiveSettings } from '../settings/effectiveSettings';
import type { Remedy, SettingsProblem } from '../settings/settingsProblem';
import type { ChosenWorkspace, NetworkMode, OnClose, WorkspaceMode } from '../settings/workspaceSpec';
import type { DoctorFinding, DoctorOptions } from './doctor/doctorFinding';
import type { SettingsDrift } from './settingsDrift';

/** What `up --json` prints (the CLI's contract): all times in ms. */
export interface UpResult {
  id: string;
  name: string;
  state: MachineState;
  accelerator: Accelerator;
  image: { id: string; layers: number };
  ssh: { alias: string; config: string; user: string };
  /** Where the workspace lies in the guest. */
  workspace: string;
  /** The account of the image that commands run as. SSH's own login is always `ssh.user`. */
  user: string;
  timings: {
    buildMs: number;
    layersMs: number;
    createMs: number;
    bootMs: number;
    sshMs: number;
    uploadMs: number;
    totalMs: number;
    cached: { image: boolean; layers: number };
  };
  /** Sentences for the user about what was asked for and left out, or is slower than it could be. */
  warnings: string[];
  /** What the folder's files ask for beyond the safe defaults. */
  asks: Ask[];
  /** Those of `warnings` that are about asks without a grant. */
  withheld: string[];
  /**
   * Set if the machine ran already and was made with other settings: a sentence that says so, for a terminal. (In the
   * editor the window that opens offers the restart itself.)
   */
  outdated?: string;
}

export interface UpOptions extends WaitOptions {
  /** Build the image again and begin with a fresh system; the workspace in the VM is kept. */
  rebuild?: boolean;
  onProgress?: ReportProgress;
  /** From the command line: keys of `.bulkhead.json`, stronger than what any file says. */
  overrides?: Record<string, unknown>;
  /** What the folder asks for now of these kinds is granted, and stays so until it asks for something else. */
  allow?: readonly AskKind[] | 'all';
  /** Chosen by the user with this very command, for this machine and from now on (as `setWorkspaceMode` does). */
  workspace?: ChosenWorkspace;
}

export interface PruneResult {
  removed: { kind: 'layer' | 'disk' | 'image' | 'volume' | 'container'; name: string; bytes: number }[];
  freedBytes: number;
  dryRun: boolean;
}

export type { ChosenWorkspace, DiskUse, WorkspaceDifference };

/** What one moment of a machine looked like from outside and, if it answers, from inside. */
export interface ResourceSample {
  /** Milliseconds since the epoch. */
  at: number;
  host: HostSample;
  /** The guest's own word, parsed strictly and bounded, but never to be trusted. */
  guest?: GuestSample;
}

export interface ResourceListener {
  onSample(sample: ResourceSample): void;
  /** No sample will follow: the machine ended, or it could not be watched. */
  onEnd(error: Error): void;
}

export interface HostListener {
  onSample(sample: HostSample): void;
  onEnd(error: Error): void;
}

export interface PortsListener {
  onPorts(ports: ListeningPort[]): void;
  onEnd(error: Error): void;
}

/** A port of the guest on this host's 127.0.0.1, until it is disposed or the machine ends. */
export interface PortForward extends Disposable {
  readonly machineId: string;
  readonly guestPort: number;
  readonly localPort: number;
  /** Resolves once it no longer listens; with the error if that was not asked for. */
  readonly closed: Promise<Error | undefined>;
}

/** What of this host's credentials a machine may use, names only, and what it did with them. */
export interface MachineCredentials extends Lent {
  /** `machine`: chosen for it on this host. `folder`: as its folder's settings were granted. */
  origin: 'machine' | 'folder';
  /** Of `env`: variables that this host does not have now. */
  missing: string[];
  /** The last uses through this process, oldest first; at most 50. The machine's log has them all. */
  uses: CredentialUse[];
}

/** The services, composed once for both faces: the extension and the CLI. */
export interface App extends NetworkService, ReviewService {
  /** Folder → running machine with the workspace in it and SSH answering. */
  up(folder: string, options?: UpOptions): Promise<UpResult>;
  list(options?: WaitOptions): Promise<MachineInfo[]>;
  /** By id, or by a unique prefix of one; throws a `usage` error that lists candidates otherwise. */
  find(idOrPrefix: string, options?: WaitOptions): Promise<MachineInfo>;
  /** The shared SSH connection to a running machine. */
  guest(id: string, options?: WaitOptions): Promise<Guest>;
  start(id: string, options?: WaitOptions & { onProgress?: ReportProgress }): Promise<MachineInfo>;
  stop(id: string, options?: WaitOptions): Promise<{ forced: boolean }>;
  suspend(id: string, options?: WaitOptions): Promise<MachineInfo>;
  resume(id: string, options?: WaitOptions & { onProgress?: ReportProgress }): Promise<MachineInfo>;
  /** Drops all that was written in the VM, workspace copy included. */
  reset(id: string, options?: WaitOptions): Promise<void>;
  remove(id: string, options?: WaitOptions): Promise<void>;
  /** What differs between guest and host: empty means that removing loses no work. At most `limit` entries. */
  differences(id: string, options?: WaitOptions & { limit?: number }): Promise<WorkspaceDifference[]>;
  setNetwork(id: string, mode: NetworkMode, options?: WaitOptions): Promise<void>;
  /** The modes that `setNetwork` can switch to; another one throws. */
  networkModes(): Promise<readonly NetworkMode[]>;
  /** How a workspace can get into a machine. */
  workspaceModes(): Promise<readonly WorkspaceMode[]>;
  /**
   * Chooses, for this machine and on this host, whether it gets a copy of its folder or the folder itself; from its next start
   * on, and until the machine is removed. Being asked for by the user, it is his consent to a folder that can be written.
   * @throws BulkheadError if the folder can't be mounted; nothing was changed then
   */
  setWorkspaceMode(id: string, workspace: ChosenWorkspace, options?: WaitOptions): Promise<MachineInfo>;
  /**
   * Chooses, for this machine and on this host, what happens when its last window closes; `undefined` goes back to what
   * its folder's settings say. Kept until the machine is removed.
   */
  setOnClose(id: string, onClose: OnClose | undefined, options?: WaitOptions): Promise<MachineInfo>;
  /**
   * Sets one key of the folder's `.bulkhead.json` (`undefined` takes it out); comments and formatting stay.
   * @throws BulkheadError of kind `usage` if the file can't be edited; nothing was changed then
   */
  setBulkheadSetting(folder: string, path: (string | number)[], value: unknown): Promise<void>;
  /** Every value that counts for the folder, and where it comes from. @throws SettingsError */
  effectiveSettings(
    folder: string,
    options?: WaitOptions & Pick<UpOptions, 'overrides' | 'allow'>,
  ): Promise<EffectiveSettings>;
  /**
   * What the folder's files ask for beyond the safe defaults, and what of it counts. Without a grant nothing of it does: the
   * machine is made with the safe defaults instead. @throws SettingsError
   */
  asks(folder: string, options?: WaitOptions): Promise<FolderAsks>;
  /**
   * Keeps the user's answer to what he was shown: these kinds count from now on, besides those granted of it before. An empty
   * list says that he goes on without. Kept outside the folder until he revokes it, and only as long as the folder asks for
   * exactly the same.
   * @throws BulkheadError of kind `usage` if the folder no longer asks for what `digest` names
   */
  grant(
    folder: string,
    digest: string,
    kinds: readonly AskKind[] | 'all',
    options?: WaitOptions,
  ): Promise<FolderAsks>;
  /** Takes the answer for these kinds back; without any, every answer for the folder is forgotten and it is asked again. */
  revokeGrants(folder: string, options?: WaitOptions & { kinds?: readonly AskKind[] }): Promise<FolderAsks>;
  /** What is wrong with the text of a settings file, saved or not; see `checkText.ts` for what is left out. */
  checkSettingsText(file: SettingsText): Promise<SettingsProblem[]>;
  /** Which settings a file of VS Code's own has; undefined if nobody can tell. See `settings/editorSettings.ts`. */
  editorSettings(text: string, kind: EditorFileKind): Promise<string[] | undefined>;
  /** The text edits (UTF-16 offsets) of one way to settle a problem. */
  remedyEdits(text: string, remedy: Remedy): Promise<{ offset: number; length: number; content: string }[]>;
  /** A new `.bulkhead.json` with every key, its description above it, commented out. */
  settingsTemplate(): Promise<string>;
  /** Writes the template as the folder's `.bulkhead.json`; `created` is false, and nothing changed, if there is one. */
  newSettingsFile(folder: string): Promise<{ path: string; created: boolean }>;
  /**
   * Lets a machine have, from now on, what its folder's settings say and the user agreed to, as far as that needs no restart: hosts,
   * ports, credentials. Happens by itself after `grant` and `revokeGrants`. @throws SettingsError
   */
  followFolder(id: string, options?: WaitOptions): Promise<void>;
  /** What the settings of the machine's folder say now, against what it was made with. @throws SettingsError */
  settingsDrift(id: string, options?: WaitOptions): Promise<SettingsDrift>;
  credentials(id: string): Promise<MachineCredentials>;
  /**
   * Lends or takes back, for this machine on this host; what `change` leaves out stays as it is. Kept until the machine
   * is removed, or with `onlyHere` for this process alone. What is taken back is refused from the moment of the call.
   * @throws BulkheadError of kind `usage` for what can't be lent; nothing was changed then
   */
  setCredentials(id: string, change: CredentialChange & { onlyHere?: boolean }): Promise<MachineCredentials>;
  /** Fires with the machine's id when something was lent, taken back or used; undefined if it may be any machine. */
  onDidChangeCredentials(listener: (id: string | undefined) => void): Disposable;
  usage(id: string, options?: WaitOptions): Promise<MachineUsage>;
  /** Samples every second for all who watch the same machine together; stops with the last of them. */
  watchResources(id: string, listener: ResourceListener): Disposable;
  /** The host's part of `watchResources` alone, from the same sampler: nothing runs in the guest for it. */
  watchHost(id: string, listener: HostListener): Disposable;
  diskUse(id: string, options?: WaitOptions): Promise<DiskUse>;
  /** TCP ports that something in the guest listens on (the guest's word). */
  ports(id: string, options?: WaitOptions): Promise<ListeningPort[]>;
  /** Calls at once, and whenever the list changes. */
  watchPorts(id: string, listener: PortsListener): Disposable;
  /**
   * Forwards 127.0.0.1:`localPort` (default: the same number if it is free, else any) to the guest's port over SSH.
   * @throws BulkheadError of kind `usage` if `localPort` was asked for and is taken
   */
  forwardPort(
    id: string,
    guestPort: number,
    options?: WaitOptions & { localPort?: number },
  ): Promise<PortForward>;
  /** Ports that the machine's folder wants forwarded and the user agreed to, or that its last `up` by this host named itself. */
  portsToForward(id: string): Promise<number[]>;
  /** What there is to copy from the guest, before anything is: bounded, and without what can't be copied. */
  surveyGuest(id: string, paths: readonly string[], options?: WaitOptions): Promise<CopyPlan>;
  /** Copies what was planned into a folder of this host. The caller settles or undoes it. */
  copyOut(id: string, plan: CopyPlan, options: CopyOutOptions): Promise<CopyResult & { undo: CopyUndo }>;
  /** Copies files and folders of this host (absolute paths) into a folder of the guest. */
  copyIn(id: string, paths: readonly string[], options: CopyInOptions): Promise<CopyResult>;
  /** Serial console of the guest (untrusted text, not yet made printable). */
  console(id: string, options?: WaitOptions & { tail?: number }): Promise<string>;
  /** A byte stream to the guest's port 22: what ssh_config's ProxyCommand (`proxy <id>`) pumps. */
  connect(id: string, options?: WaitOptions): Promise<Duplex>;
  /**
   * Bulkhead's own log of the machine (build, lifecycle commands, starts and ends), its last `tail` lines.
   * Has guest output in it: untrusted text, not yet made printable.
   */
  machineLog(id: string, options?: WaitOptions & { tail?: number }): Promise<string>;
  /** A `Host` block for ssh_config; `path` is the file it also stands in. */
  sshConfig(id: string, options?: WaitOptions): Promise<{ text: string; path: string; alias: string }>;
  doctor(options?: DoctorOptions): Promise<DoctorFinding[]>;
  prune(options?: WaitOptions & { dryRun?: boolean }): Promise<PruneResult>;
  /** Fires when a machine's state changes (engine events), debounced. */
  onDidChangeMachines(listener: () => void): { dispose(): void };
  dispose(): void;
}

export interface AppOptions {
  log: Log;
  /** Where keys, caches and ssh_config live; default: the platform's user data directory + `bulkhead`. */
  dataDirectory?: string;
  /** Command that ssh_config's ProxyCommand runs: argv up to the `proxy <id>` part. */
  proxyCommand: string[];
  /** The user's `bulkhead.*` settings (defaults for what the folder leaves out). */
  defaults?: Record<string, unknown>;
  /** Puts a guest's wish for a signature before the user. Without it the SSH agent is not offered to any machine. */
  confirmSignature?: ConfirmSignature;
  /** Puts before the user what hosts a tool of a granted preset names. Without it `up` lets none of them count, and says so. */
  choosePresetHosts?: ChoosePresetHosts;
}

/** Times spent in each phase, for `timings`. */
export type PhaseTimes = Partial<Record<Phase, number>>;
