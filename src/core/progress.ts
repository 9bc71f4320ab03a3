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

/** One step of progress. `done`/`total` share a unit: bytes for `unit: 'bytes'`, else a count. */
export interface ProgressEvent {
  phase: Phase;
  message: string;
  done?: number;
  total?: number;
  unit?: 'bytes' | 'count';
}

export type ReportProgress = (event: ProgressEvent) => void;

export const PHASE_TITLES: Record<Phase, string> = {
  settings: 'Reading settings',
  kit: 'Preparing the kit image',
  build: 'Building the image',
  layers: 'Importing layers',
  create: 'Creating the machine',
  boot: 'Booting',
  ssh: 'Connecting',
  upload: 'Copying the workspace',
  hooks: 'Running lifecycle commands',
};
