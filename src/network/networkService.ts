import type { Disposable } from '../core/disposables';
import type { WaitOptions } from '../machine/hypervisor';
import type { NetworkMode } from '../settings/workspaceSpec';

/** Tools whose package hosts can be allowed in one step; which hosts those are is read from the tool's own configuration in the guest. */
export const NETWORK_PRESETS = ['npm', 'pip', 'apt', 'git'] as const;
export type NetworkPreset = (typeof NETWORK_PRESETS)[number];

/** How long a decision holds: ten minutes, as long as the machine exists, or in the folder's `.bulkhead.json` for all who use it. */
export type AllowScope = 'once' | 'machine' | 'workspace';

/** One line of an allowlist. */
export interface NetworkRule {
  /** Lower case: `example.org`, `*.example.org` (what is below it, not itself), either with `:port`. Without a port: 80 and 443. */
  host: string;
  from: 'workspace' | 'user' | 'command line' | 'machine' | 'once' | NetworkPreset;
  /** Milliseconds since the epoch; only for `once`. */
  until?: number;
}

export interface NetworkPolicy {
  mode: NetworkMode;
  /** What `allowlist` lets through. */
  rules: NetworkRule[];
  /** Hosts that the tools of the folder's granted presets named (the guest's word), and nobody allowed or took back. */
  named?: { preset: NetworkPreset; hosts: string[] }[];
}

/**
 * Why a request got nothing: no rule allows the host, its name leads to an address that is never reached (private, link-local,
 * metadata, multicast, the host's own), the TLS handshake named another host, the name does not resolve, or the other side failed.
 */
export type DenialReason = 'host' | 'address' | 'server-name' | 'unresolved' | 'protocol' | 'failed';

/** All requests of a guest for one host and port, as its proxy saw them. The host is the guest's word: untrusted text, bounded. */
export interface NetworkRow {
  host: string;
  port: number;
  /** Of the last request. */
  allowed: boolean;
  reason?: DenialReason;
  count: number;
  deniedCount: number;
  /** Bytes to the guest. */
  receivedBytes: number;
  /** Milliseconds since the epoch. */
  firstAt: number;
  lastAt: number;
}

/** One request, for a log. */
export interface NetworkRequest {
  /** Milliseconds since the epoch. */
  at: number;
  host: string;
  port: number;
  method: string;
  allowed: boolean;
  reason?: DenialReason;
  /** Bytes to the guest. */
  receivedBytes: number;
}

export interface NetworkListener {
  /** At once with what is known, and whenever that changes; newest first, bounded. */
  onRows(rows: NetworkRow[]): void;
  /** Each request as it comes; those from before the watch are not repeated. */
  onRequest?(request: NetworkRequest): void;
  onEnd(error: Error): void;
}

/** Hosts that a tool in a machine names and that nobody has allowed. The guest's word, checked to be hosts, at most 50. */
export interface PresetQuestion {
  machineId: string;
  preset: NetworkPreset;
  hosts: readonly string[];
}

/** Resolves with those that the user allows; none once `signal` aborts. */
export type ChoosePresetHosts = (question: PresetQuestion, signal: AbortSignal) => Promise<readonly string[]>;

/** What a machine may reach, and what it asked for. Part of `App`. */
export interface NetworkService {
  networkPolicy(id: string, options?: WaitOptions): Promise<NetworkPolicy>;
  /**
   * Lets the machine reach a host from now on. `workspace` writes the folder's `.bulkhead.json` and counts as the user's agreement to it.
   * @throws BulkheadError of kind `usage` if the host is none, or one that is never reached
   */
  allowHost(id: string, host: string, scope: AllowScope, options?: WaitOptions): Promise<NetworkPolicy>;
  /** Takes a rule back, connections that it let through included. */
  revokeHost(id: string, host: string, options?: WaitOptions): Promise<NetworkPolicy>;
  /** The hosts that the tool in the guest is configured for. The guest's word: to be shown before it counts. */
  presetHosts(id: string, preset: NetworkPreset, options?: WaitOptions): Promise<string[]>;
  /**
   * Allows, for this machine, those of its hosts that are reached on the web's ports, 80 and 443; or exactly `hosts`, which were
   * shown before. Says which those are.
   */
  allowPreset(
    id: string,
    preset: NetworkPreset,
    options?: WaitOptions & { hosts?: readonly string[] },
  ): Promise<NetworkRule[]>;
  /** The requests so far, newest first, bounded; also of a machine that no longer runs, as long as it exists. */
  networkRows(id: string, options?: WaitOptions): Promise<NetworkRow[]>;
  watchNetwork(id: string, listener: NetworkListener): Disposable;
}
