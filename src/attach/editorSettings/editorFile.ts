import { posix } from 'node:path';
import type { EditorFileKind } from '../../settings/editorSettings';

const IN_EDITOR_FOLDER: Record<string, EditorFileKind> = {
  'settings.json': 'settings',
  'mcp.json': 'servers',
};

/** Which file of VS Code's own a path of a machine names. Case is folded: a window's folder can lie anywhere, and say anything. */
export function editorFileKind(path: string): EditorFileKind | undefined {
  const name = posix.basename(path).toLowerCase();
  if (name.endsWith('.code-workspace')) {
    return 'workspace';
  }
  const folder = posix.basename(posix.dirname(path)).toLowerCase();
  return folder === '.vscode' && Object.hasOwn(IN_EDITOR_FOLDER, name) ? IN_EDITOR_FOLDER[name] : undefined;
}
