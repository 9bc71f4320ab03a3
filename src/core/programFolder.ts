import { dirname } from 'node:path';

/**
 * Where programs of this computer are started (`cwd`): beside our own, never in the folder that somebody opened. Windows looks for
 * a program in the current folder first, and so does a `PATH` with `.` in it: an `ssh` in a repo would be run.
 */
export const PROGRAM_FOLDER = dirname(process.execPath);
