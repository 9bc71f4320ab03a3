import { type JSONPath, visit } from 'jsonc-parser';

/**
 * VS Code's own files that it obeys wherever they lie: `.vscode/settings.json`, `*.code-workspace`, and the language model
 * servers of `.vscode/mcp.json`, which are programs.
 */
export type EditorFileKind = 'settings' | 'workspace' | 'servers';

/** As many as a person would read; a file that has more is of no honest folder. */
const MAX_KEYS = 1_000;
/** UTF-16 units. VS Code parses the file whole, and so does `visit`, which is recursive. */
const MAX_LENGTH = 1_048_576;
/** What a workspace file may say beside its settings without starting anything. */
const INERT_SECTIONS = ['folders', 'extensions'];
/** VS Code's own form of a key that holds settings of languages: `[python]`, `[c][cpp]`. */
const LANGUAGES = /^(?:\[[^\]]+\])+$/;

/**
 * The names of the settings in such a file, each once, read as VS Code reads them: tolerant of errors, keys that stand twice
 * included. Those of languages come without their language. Undefined if nobody can tell: too long, too deep, too many.
 */
export function editorSettings(text: string, kind: EditorFileKind): string[] | undefined {
  const keys = new Set<string>();
  if (text.length > MAX_LENGTH) {
    return undefined;
  }
  try {
    visit(text, {
      onObjectProperty: (name, _offset, _length, _line, _character, pathOf) => {
        const key = keys.size <= MAX_KEYS ? settingAt(name, pathOf(), kind) : undefined;
        if (key !== undefined) {
          keys.add(key);
        }
      },
    });
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
  return keys.size > MAX_KEYS ? undefined : [...keys];
}

/** The setting that a property is, or undefined: it is a part of another's value. `above` is where its object stands. */
function settingAt(name: string, above: JSONPath, kind: EditorFileKind): string | undefined {
  if (kind === 'workspace') {
    if (above.length === 0) {
      return name === 'settings' || INERT_SECTIONS.includes(name) ? undefined : name;
    }
    return above[0] === 'settings' ? settingAt(name, above.slice(1), 'settings') : undefined;
  }
  const [outer] = above;
  const isTop = above.length === 0;
  const isOfLanguage = above.length === 1 && typeof outer === 'string' && LANGUAGES.test(outer);
  return (isTop && !LANGUAGES.test(name)) || (isOfLanguage && kind === 'settings') ? name : undefined;
}
