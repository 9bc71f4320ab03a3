import type { Danger } from '../../reviewService';

/** Files that some program of this computer reads by itself. Names are compared folded (`foldName`), so in lower case here. */
export interface PathRule {
  danger: Danger;
  /** The rule holds for a path that has one of these as one of its names… */
  anywhere?: readonly string[];
  /** …or as its last… */
  files?: readonly string[];
  /** …or whose last name matches… */
  pattern?: RegExp;
  /** …or that (folded, from the root of the workspace) matches. */
  path?: RegExp;
}

/** Names as they stand in the tables: separated by spaces and line ends. */
export function names(text: string): string[] {
  return text.trim().split(/\s+/);
}
