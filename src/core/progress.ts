/** The phases of opening a folder, in order; the names that progress and `timings` use. */
export const PHASES = [
  'settings',
  'kit',
  'build',
  'layers',
  'create',
  'boot',
  'ssh',
  'upload',
  'hooks',
] as const;
export type Phase = (typeof PHASES)[number];

/** What is no part of opening a folder, and reports its progress all the same. */
export type OtherPhase = 'copy' | 'review';

/** One step of progress. `done`/`total` share a unit: bytes for `unit: 'bytes'`, else a count. */
export interface ProgressEvent {
  phase: Phase | OtherPhase;
  message: string;
  done?: number;
  total?: number;
  unit?: 'bytes' | 'count';
}

export type ReportProgress = (event: ProgressEvent) => void;

export const PHASE_TITLES: Record<Phase | OtherPhase, string> = {
  settings: 'Reading settings',
  kit: 'Preparing the kit image',
  build: 'Building the image',
  layers: 'Importing layers',
  create: 'Creating the machine',
  boot: 'Booting',
  ssh: 'Connecting',
  upload: 'Copying the workspace',
  hooks: 'Running lifecycle commands',
  copy: 'Copying',
  review: 'Looking at changes',
};

/** Where in the opening of a folder this is, `3/9 `; empty for what is no part of it. */
export function phaseNumber(phase: Phase | OtherPhase): string {
  const index = (PHASES as readonly string[]).indexOf(phase);
  return index < 0 ? '' : `${index + 1}/${PHASES.length} `;
}
