/** Keys (section and name, lower case) whose value is one path. */
const PATHS =
  /^(?:core\.(?:hookspath|attributesfile|excludesfile)|include\.path|includeif\.(?:.*\.)?path|init\.templatedir|commit\.template|blame\.ignorerevsfile|mailmap\.file|gpg\.(?:.*\.)?(?:program|allowedsignersfile|revocationfile))$/;
/** Keys whose value is a command line. */
const COMMANDS =
  /^(?:core\.(?:fsmonitor|sshcommand|editor|pager|askpass|gitproxy|alternaterefscommand)|sequence\.editor|pager\..*|interactive\.difffilter|diff\.(?:external|.*\.(?:textconv|command))|merge\..*\.driver|(?:merge|diff)tool\..*\.(?:cmd|path)|(?:browser|man)\..*\.(?:cmd|path)|credential\.(?:.*\.)?helper|filter\..*\.(?:clean|smudge|process)|gpg\.ssh\.defaultkeycommand|trailer\..*\.(?:cmd|command)|uploadpack\.packobjectshook|hook\..*\.command|remote\..*\.(?:uploadpack|receivepack)|submodule\..*\.update|alias\..*)$/;
const SETTINGS_MAX = 10_000;

export interface GitSettings {
  /** What `include.path` and `includeIf` name, as written; conditions are not looked at. */
  includes: string[];
  /** Other files and folders that git reads or runs something from, as written. */
  paths: string[];
  hookFolders: string[];
}

/** What of a git-config(1) file names files that git obeys or runs. Reads it as text: nothing is followed or run. */
export function gitSettings(text: string): GitSettings {
  const found: GitSettings = { includes: [], paths: [], hookFolders: [] };
  for (const [key, value] of settingsIn(text)) {
    if (key.startsWith('include')) {
      found.includes.push(...(PATHS.test(key) ? [value] : []));
    } else if (key === 'core.hookspath') {
      found.hookFolders.push(value);
    } else if (PATHS.test(key)) {
      found.paths.push(value);
    } else if (COMMANDS.test(key)) {
      found.paths.push(...filesOf(value, key));
    }
  }
  return found;
}

/** A program without `/` comes from PATH; an alias or an update without `!` is git's own command. */
function filesOf(command: string, key: string): string[] {
  const isGits = /^(?:alias|submodule)\./.test(key) && !command.startsWith('!');
  const words = isGits ? [] : command.replace(/^!/, '').split(/[\s"'`;&|()<>=]+/);
  return words.filter((word, at) => word !== '' && !word.startsWith('-') && (at > 0 || word.includes('/')));
}

function* settingsIn(text: string): Generator<[string, string]> {
  const joined = text.replace(/^\ufeff/, '').replace(/\\\r?\n/g, '');
  let section = '';
  let count = 0;
  for (const line of joined.split(/\r?\n/)) {
    const [, name, quoted, rest = ''] =
      /^\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\](.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      section = quoted === undefined ? name : `${name}.${quoted}`;
    }
    const [, key, value = ''] =
      /^\s*([A-Za-z][A-Za-z0-9-]*)\s*=(.*)$/.exec(name === undefined ? line : rest) ?? [];
    if (key !== undefined && ++count <= SETTINGS_MAX) {
      yield [`${section}.${key}`.toLowerCase(), plainValue(value)];
    }
  }
}

/** Without quotes, escapes and what follows a `#` or `;` outside of quotes. */
function plainValue(text: string): string {
  let value = '';
  let inQuotes = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') {
      value += text.charAt(++at);
    } else if (character === '"') {
      inQuotes = !inQuotes;
    } else if (!inQuotes && (character === '#' || character === ';')) {
      break;
    } else {
      value += character;
    }
  }
  return value.trim();
}
