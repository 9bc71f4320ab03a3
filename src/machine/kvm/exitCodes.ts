import type { MachineState } from '../hypervisor';

/** How the VMM script ends (guest/vmm/vmm); Docker keeps it as the container's exit code. */
export const VMM_EXIT = { poweredOff: 0, suspended: 10, guestReset: 11, noConfig: 13, noShare: 14 } as const;

/** Docker's own codes: killed by SIGKILL, by SIGTERM, lost by a daemon that died. */
const KILLED = 137;
const TERMINATED = 143;
const LOST = 255;

export interface ContainerState {
  state: MachineState;
  reason?: string;
}

/**
 * A machine's state from its container's: the container is the only database.
 * @param status Docker's `State` (`created`, `running`, `exited`, …)
 * @param exitCode only meaningful for `exited`
 */
export function stateOfContainer(status: string, exitCode: number | undefined): ContainerState {
  switch (status) {
    case 'created':
      return { state: 'created' };
    case 'running':
    case 'paused':
      return { state: 'running' };
    case 'restarting':
      return { state: 'starting' };
    case 'removing':
      return { state: 'gone' };
    default:
      return stateAfterExit(exitCode);
  }
}

function stateAfterExit(exitCode: number | undefined): ContainerState {
  switch (exitCode) {
    case VMM_EXIT.poweredOff:
      return { state: 'stopped' };
    case VMM_EXIT.suspended:
      return { state: 'suspended' };
    case VMM_EXIT.guestReset:
      return { state: 'stopped', reason: 'the guest rebooted or its kernel panicked' };
    case VMM_EXIT.noConfig:
      return { state: 'failed', reason: 'it was never given its configuration' };
    case VMM_EXIT.noShare:
      return { state: 'failed', reason: 'nobody served its mounted folder; start it with Bulkhead' };
    case KILLED:
    case TERMINATED:
      return { state: 'stopped', reason: 'its VMM was killed; the disk is as the guest last wrote it' };
    case LOST:
      return {
        state: 'stopped',
        reason: 'the Docker Engine ended while it ran; the disk is as the guest last wrote it',
      };
    default:
      return { state: 'failed', reason: `its VMM ended with code ${exitCode ?? 'unknown'}` };
  }
}

/** The exit code in the text that a container listing gives (`Exited (10) 2 minutes ago`), which has no field for it. */
export function exitCodeOfStatus(text: string): number | undefined {
  const found = /^(?:Exited|Dead)[^(]*\((\d+)\)/.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
