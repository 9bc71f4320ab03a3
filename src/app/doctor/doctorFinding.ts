import type { ReportProgress } from '../../core/progress';
import type { Accelerator, WaitOptions } from '../../machine/hypervisor';

/** Something that can be done about a finding. Nothing of it happens without the user's own click. */
export type DoctorAction =
  /** A line for a shell on this computer. It holds nothing that came from a guest or a repo. */
  | { kind: 'terminal'; command: string }
  | { kind: 'open'; url: string }
  /** A user setting (`bulkhead.…`). */
  | { kind: 'setting'; key: string }
  | { kind: 'prune' }
  /** Look again, the probe of the accelerators included. */
  | { kind: 'recheck' };

/** What is checked: short and stable, scripts name them. */
export type DoctorCheck =
  | Accelerator
  | 'accelerator'
  | 'architecture'
  | 'data'
  | 'disk'
  | 'egress'
  | 'engine'
  | 'kit'
  | 'layers'
  | 'leftovers'
  | 'machines'
  | 'memory'
  | 'ssh';

export interface DoctorFinding {
  id: DoctorCheck;
  /** `slow`: it works, and could be faster. `warning`: it works, and something else is not as it should be. */
  status: 'ok' | 'slow' | 'warning' | 'missing';
  message: string;
  /** What would fix it or make it faster, as one sentence or command. */
  fix?: string;
  /** Ways to do that from where the finding is shown. */
  actions?: DoctorAction[];
}

export interface DoctorOptions extends WaitOptions {
  /** Called with each finding as soon as it is there. */
  onFinding?: (finding: DoctorFinding) => void;
  /** The kit's build, if it has to be built. */
  onProgress?: ReportProgress;
  /** Probe the accelerators again even if a result is kept. Default: true. */
  fresh?: boolean;
}
