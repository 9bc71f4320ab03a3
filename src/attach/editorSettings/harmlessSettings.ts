/**
 * Sections of VS Code's own settings that only say how text looks and is found. All other sections of its own (`terminal`,
 * `debug`, `task`, `chat`, `remote`, …) can start programs or are not known to us: its list is not in the API.
 */
const HARMLESS_SECTIONS = [
  'breadcrumbs',
  'diffEditor',
  'editor',
  'explorer',
  'files',
  'outline',
  'problems',
  'search',
  'timeline',
];
const HARMLESS_KEYS = ['workbench.colorCustomizations', 'workbench.colorTheme', 'workbench.iconTheme'];
/** VS Code takes settings of these scopes from the user only. */
const USER_SCOPES = ['application', 'machine'];

/** What is asked of an extension; its manifest is hostile to nobody, but can have any shape. */
export interface Extension {
  readonly packageJSON: unknown;
}

/**
 * Whether VS Code would obey a setting in a folder that it does not trust. A folder of a file system provider it trusts
 * always, whoever wrote it, so what it would leave out in Restricted Mode must not get that far. An extension says
 * of its own settings which those are (`capabilities.untrustedWorkspaces`); one that says nothing vouches for none.
 */
export function harmlessSettings(extensions: readonly Extension[]): (key: string) => boolean {
  const vouched = new Set(extensions.flatMap(({ packageJSON }) => vouchedBy(packageJSON)));
  return (key) =>
    HARMLESS_KEYS.includes(key) ||
    HARMLESS_SECTIONS.some((section) => key === section || key.startsWith(`${section}.`)) ||
    vouched.has(key);
}

function vouchedBy(manifest: unknown): string[] {
  const trust = at(manifest, 'capabilities', 'untrustedWorkspaces');
  const supported = at(trust, 'supported');
  const restricted = listOf(at(trust, 'restrictedConfigurations'));
  const configuration = at(manifest, 'contributes', 'configuration');
  return (Array.isArray(configuration) ? configuration : [configuration])
    .flatMap((part: unknown) => Object.entries(at(part, 'properties') ?? {}))
    .filter(
      ([key, property]) =>
        USER_SCOPES.includes(String(at(property, 'scope'))) ||
        ((supported === true || supported === 'limited') && !restricted.includes(key)),
    )
    .map(([key]) => key);
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined,
    value,
  );
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
