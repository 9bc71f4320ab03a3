import type { Ask } from './asks';

/** Where the workspace's image comes from, in the order the settings room looks. */
export type ImageSource =
  | { kind: 'image'; reference: string }
  | {
      kind: 'build';
      /** Absolute host paths; the settings room has checked that both stay inside the workspace folder. */
      dockerfile: string;
      context: string;
      args: Record<string, string>;
      target?: string;
    }
  /** A devcontainer.json with Features: built by `@devcontainers/cli`. `configFile` is an absolute host path. */
  | { kind: 'devcontainer'; configFile: string };

/** One lifecycle command of devcontainer.json: a shell line, an argv, or several named ones run side by side. */
export type LifecycleCommand = string | string[] | Record<string, string | string[]>;

/** In the order in which the Dev Container specification runs them (containers.dev, "Lifecycle scripts"). */
export const LIFECYCLE_HOOKS = [
  'onCreateCommand',
  'updateContentCommand',
  'postCreateCommand',
  'postStartCommand',
  'postAttachCommand',
] as const;
export type LifecycleHook = (typeof LIFECYCLE_HOOKS)[number];

export type AcceleratorChoice = 'auto' | 'kvm' | 'tcg' | 'hyperv';
export type NetworkMode = 'none' | 'allowlist' | 'full';
export type WorkspaceMode = 'copy' | 'mount';
export type AttachMode = 'files' | 'browser' | 'remote-ssh';
export type OnClose = 'suspend' | 'stop' | 'keep';

/**
 * Tools whose package hosts can be allowed in one step. The same list as NETWORK_PRESETS in src/network, which this room
 * may not import; a test holds the two together.
 */
export const NETWORK_PRESET_NAMES = ['npm', 'pip', 'apt', 'git'] as const;
export type NetworkPresetName = (typeof NETWORK_PRESET_NAMES)[number];

/** Who allows a host of the settings. */
export type AllowedBy = 'workspace' | 'user' | 'command line';

/** What a folder asks for: `.bulkhead.json` over devcontainer.json over the user's defaults. Fully resolved. */
export interface WorkspaceSpec {
  /** Absolute real path of the folder on the host. */
  folder: string;
  /** The folder's base name, for people. */
  name: string;
  image: ImageSource;
  /** Virtual CPUs, 1…64. */
  cpus: number;
  memoryBytes: number;
  /** Virtual size of the writable upper disk. */
  diskBytes: number;
  accelerator: AcceleratorChoice;
  network: {
    mode: NetworkMode;
    /** `folder`: because the user granted it to the folder, whose wish it is beyond what he wants elsewhere. */
    modeBy: 'command line' | 'folder' | 'settings';
    /** The mode if nothing were granted to the folder. */
    modeWithoutGrant: NetworkMode;
    /** Lower case, each once: `host` or `*.host`, either with `:port`. */
    allow: string[];
    /** By the entries of `allow`. */
    allowedBy: Record<string, AllowedBy>;
    presets: NetworkPresetName[];
  };
  /** `readOnly` means something in `mount` mode only; it is false in `copy` mode. */
  workspace: { mode: WorkspaceMode; readOnly: boolean; exclude: string[] };
  attach: AttachMode;
  forwardPorts: number[];
  ssh: { forwardAgent: boolean };
  /** What the guest may use of this computer's user: git credentials for hosts (with or without `:port`), variables by name. */
  credentials: { git: string[]; env: string[] };
  onClose: OnClose;
  /** Milliseconds without use until a kept machine goes to sleep; undefined: never. Nothing acts on it yet. */
  idleTimeoutMs?: number;
  /** Whom commands run as; the image's own user if undefined. */
  remoteUser?: string;
  /**
   * Present only if `remoteUser` was taken from devcontainer's `containerUser`: a `remoteUser` in the image's
   * metadata then goes first (`mergeImageMetadata` settles it).
   */
  containerUser?: string;
  /** Set for every process in the guest (devcontainer `containerEnv`). */
  containerEnv: Record<string, string>;
  /** Set for processes started by the editor (devcontainer `remoteEnv`); see `substituteContainerEnv`. */
  remoteEnv: Record<string, string>;
  /** Absolute POSIX path in the guest where the workspace lies. */
  workspaceFolder: string;
  /** Per hook its commands in the order in which they run: the image's first, devcontainer.json's last. */
  hooks: Partial<Record<LifecycleHook, LifecycleCommand[]>>;
  /** Absolute paths of the files this came from. */
  sources: string[];
  /** Things that were asked for and are left out, each a sentence for the user. Those of `withheld` are among them. */
  warnings: string[];
  /** What the folder's files ask for beyond the safe defaults. What is granted of it is in the values above. */
  asks: Ask[];
  /** A sentence for each ask that has no effect, or not all of it, because it is not granted. */
  withheld: string[];
}

/** A copy of the folder, or the folder itself. `readOnly` says something only about the latter. */
export type ChosenWorkspace = Pick<WorkspaceSpec['workspace'], 'mode' | 'readOnly'>;
