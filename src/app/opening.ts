import type { NetworkMode, WorkspaceSpec } from '../settings/workspaceSpec';
import type { ChosenMode } from './chosenMode';
import type { UpOptions } from './contract';
import { switchedSince } from './machineChoices';
import type { MachineLog } from './machineLog';
import type { PhaseClock } from './phaseClock';
import type { Services } from './services';

/** What is known of a folder while it is being opened. */
export interface Opening {
  services: Services;
  id: string;
  /** From the folder's files; with the image's metadata once the image is there. */
  spec: WorkspaceSpec;
  /** Hash over the folder's files alone. */
  settingsHash: string;
  log: MachineLog;
  clock: PhaseClock;
  options: UpOptions;
  warnings: string[];
  /** Those of `warnings` that are about what was asked for and has no grant. */
  withheld: string[];
  /** What the machine may reach and who chose that, once it is known. */
  network?: ChosenMode;
  /** Of the user's switches of the network by name, when this began: later ones go before what was decided since. */
  turn: number;
  /** `layers`: how many were in the store already. */
  cached: { image: boolean; layers: number };
}

/** The network mode that the user has switched to by name since this `up` began; undefined if he has not. */
export function switchedMode({ services, id, turn }: Opening): Promise<NetworkMode | undefined> {
  return switchedSince(services.data.choices(id), turn, services.log);
}
