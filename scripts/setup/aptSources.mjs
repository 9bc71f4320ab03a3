// The package mirror that this machine's own apt uses, so that what is built here comes from where it may come from.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * URIs of the Debian archives that apt is set up for, in order; security and updates archives left out.
 * @param {string} [root] where /etc is, for tests
 */
export async function debianMirrors(root = '/') {
  const folder = join(root, 'etc/apt');
  const names = (await readdir(join(folder, 'sources.list.d')).catch(() => [])).sort();
  const files = ['sources.list', ...names.map((name) => join('sources.list.d', name))];
  const sources = [];
  for (const name of files) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    if (name.endsWith('.sources')) {
      sources.push(...parseDeb822(text));
    } else if (name.endsWith('.list')) {
      sources.push(...parseOneLine(text));
    }
  }
  const main = sources.filter(
    ({ uri, suites, components }) =>
      /^https?:\/\//.test(uri) &&
      /\/debian\/?$/.test(uri) &&
      components.includes('main') &&
      suites.some((suite) => !suite.includes('security')),
  );
  return [...new Set(main.map(({ uri }) => uri.replace(/\/$/, '')))];
}

/**
 * One-line format (sources.list(5)): `deb [options] uri suite component…`.
 * @param {string} text
 */
export function parseOneLine(text) {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    return match ? [{ uri: match[1], suites: [match[2]], components: words(match[3]) }] : [];
  });
}

/**
 * deb822 format (sources.list(5)): stanzas of `Key: value`, continued by indented lines.
 * @param {string} text
 */
export function parseDeb822(text) {
  const stanzas = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/);
  return stanzas.flatMap((stanza) => {
    /** @type {Record<string, string>} */
    const fields = {};
    for (const match of stanza.matchAll(/^([\w-]+):((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields[match[1].toLowerCase()] = match[2];
    }
    if (!words(fields.types).includes('deb') || /^\s*no\s*$/i.test(fields.enabled ?? '')) {
      return [];
    }
    return words(fields.uris).map((uri) => ({
      uri,
      suites: words(fields.suites),
      components: words(fields.components),
    }));
  });
}

/** @param {string | undefined} text */
function words(text) {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
