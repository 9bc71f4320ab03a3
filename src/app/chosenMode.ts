import { stricterMode } from '../settings/resolveAsked';
import type { NetworkMode, WorkspaceSpec } from '../settings/workspaceSpec';
import type { UpOptions } from './contract';
import type { MachineRecord } from './machineRecord';

/** A machine's network mode, and who chose it. */
export interface ChosenMode {
  mode: NetworkMode;
  /** Who says so, as the record keeps it. */
  network: NonNullable<MachineRecord['network']>;
}

/**
 * What the user switched by name stays. What was granted to the folder counts as long as it is granted: without that the machine
 * falls back to what there would be without, as the settings say it now or said it then, whichever is stricter (a terminal does
 * not know the editor's settings).
 * @param before the machine's mode so far, if there is a machine
 * @param asked the mode that the command itself names
 */
export function chosenMode(
  { mode, modeBy, modeWithoutGrant }: Pick<WorkspaceSpec['network'], 'mode' | 'modeBy' | 'modeWithoutGrant'>,
  before: NetworkMode | undefined,
  record: MachineRecord['network'],
  asked?: NetworkMode,
): ChosenMode {
  if (asked !== undefined) {
    return { mode: asked, network: { chosenBy: 'user' } };
  }
  if (before === undefined) {
    const network: ChosenMode['network'] =
      modeBy === 'command line'
        ? { chosenBy: 'user' }
        : { chosenBy: 'settings', withoutGrant: modeWithoutGrant };
    return { mode, network };
  }
  if (record?.chosenBy === 'user') {
    return { mode: before, network: record };
  }
  // Of a machine whose record does not say who opened its whole network, nobody is known to have.
  const usual = record?.withoutGrant ?? (before === 'full' ? 'allowlist' : before);
  const withoutGrant = stricterMode(usual, modeWithoutGrant);
  if (modeBy === 'folder') {
    return { mode, network: { chosenBy: 'settings', withoutGrant } };
  }
  const isWithin = stricterMode(before, usual) === before;
  return { mode: isWithin ? before : withoutGrant, network: { chosenBy: 'settings', withoutGrant: usual } };
}

/** The network mode that the command itself names. The settings have checked it. */
export function askedNetwork({ overrides }: Pick<UpOptions, 'overrides'>): NetworkMode | undefined {
  const network = overrides?.['network'];
  const mode =
    typeof network === 'object' && network !== null && 'mode' in network ? network.mode : undefined;
  return mode === 'none' || mode === 'allowlist' || mode === 'full' ? mode : undefined;
}
