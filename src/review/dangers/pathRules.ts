import type { Danger } from '../reviewService';
import { foldName, longName } from './foldName';
import { isInstalled } from './installed';
import { BUILD_RULES } from './rules/buildRules';
import { EDITOR_RULES } from './rules/editorRules';
import { GIT_RULES } from './rules/gitRules';
import { JAVASCRIPT_RULES } from './rules/javascriptRules';
import { LANGUAGE_RULES } from './rules/languageRules';
import type { PathRule } from './rules/pathRule';
import { PYTHON_RULES } from './rules/pythonRules';
import { SERVER_RULES } from './rules/serverRules';
import { SYSTEM_RULES } from './rules/systemRules';

/**
 * What runs without being asked for by name: when a folder is opened, at git's operations, at a prompt, at an installation, a
 * build or a test. Ordinary source is not in here: a list that names everything is clicked through.
 */
const RULES: readonly PathRule[] = [
  ...GIT_RULES,
  ...EDITOR_RULES,
  ...SERVER_RULES,
  ...JAVASCRIPT_RULES,
  ...PYTHON_RULES,
  ...BUILD_RULES,
  ...LANGUAGE_RULES,
  ...SYSTEM_RULES,
];

/** What the names of a path alone say. */
export function pathDangers(path: string): Danger[] {
  const names = path.split('/').map((name) => longName(foldName(name)));
  const last = names.at(-1) ?? '';
  const whole = names.join('/');
  const found = new Set<Danger>();
  for (const { danger, anywhere, files, pattern, path: paths } of RULES) {
    if (
      names.some((name) => anywhere?.includes(name)) ||
      files?.includes(last) ||
      pattern?.test(last) ||
      paths?.test(whole)
    ) {
      found.add(danger);
    }
  }
  if (isInstalled(path)) {
    found.add('installed');
  }
  if (names.some((name) => name.startsWith('.'))) {
    found.add('dotfile');
  }
  return [...found];
}
