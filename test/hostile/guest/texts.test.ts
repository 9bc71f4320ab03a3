import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { Output } from '../../../src/cli/output';
import { StatusLine } from '../../../src/cli/statusLine';
import { forLabel, forMessage } from '../../../src/core/plainText';
import { attack } from '../attack';

/** Names that a guest may give to files, processes, branches, folders and errors. */
const STRINGS = [
  '[Update now](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22x%22%7D)',
  '[a]\u001b(command:x)',
  '[a]\u202e(command:x)',
  '[a]\u0000(file:///etc/passwd)',
  '$(sync~spin) $\u200e(lock) $\u0007(globe)',
  '<img src=x onerror=alert(1)><a href="command:x">y</a>',
  '**bold** `code` ![x](https://example.org/track.png)',
  '\u001b]52;c;aGk=\u0007\u001b[2J\u001b[31mred\u009b2J',
  'invoice\u202efdp.exe \u2066x\u2069 \u061c \u200f',
  'line one\r\nerror: all is well\rline',
  `${'x'.repeat(100_000)}`,
];
/** As VS Code finds links in a notification (src/vs/base/common/linkedText.ts) and icons in labels (iconLabels.ts). */
const LINK = /\[[^\]]+\]\((?:https?:\/\/|command:|file:)/i;
const ICON = /\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/;
const CONTROLS = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

attack(
  {
    id: 'text-links-and-icons',
    from: 'guest',
    tries:
      'Names with command links, icons, HTML, Markdown, escape codes, direction marks and a hundred thousand characters, in notifications, rows and quick picks.',
    holds: 'None becomes a link, an icon or a control character; each is cut to a length.',
    promise: 'text-not-markup',
  },
  () => {
    for (const text of STRINGS) {
      for (const shown of [forMessage(text), forLabel(text)]) {
        expect(shown).not.toMatch(LINK);
        expect(shown).not.toMatch(CONTROLS);
        expect(shown.length).toBeLessThan(1010);
      }
      expect(forLabel(text)).not.toMatch(ICON);
      expect(forLabel(text)).not.toContain('\n');
    }
    return `${STRINGS.length} strings, 2 kinds of text`;
  },
);

/** The sentences that the editor's side says, with `{0}` where a name goes. */
function sentences(): string[] {
  const rooms = new URL('../../../src/', import.meta.url).pathname;
  return ['attach', 'commands', 'views'].flatMap((room) =>
    readdirSync(join(rooms, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => [
        ...readFileSync(join(rooms, room, name), 'utf8').matchAll(/\bt\(\s*'((?:[^'\\]|\\.)*)'/g),
      ])
      .map((match) => match[1] ?? '')
      .filter((sentence) => /\{\d\}/.test(sentence)),
  );
}

attack(
  {
    id: 'text-whole-notifications',
    from: 'guest',
    tries:
      'The same names, as they are, and the two halves of a link as two names, in every sentence that the editor’s side has, as a notification, a progress or an input box’s prompt.',
    holds:
      'The whole text loses its links, whatever it was put together from: no place that shows it can forget to.',
    promise: 'text-not-markup',
  },
  () => {
    const said = sentences();
    expect(said.length).toBeGreaterThan(100);
    const names = [...STRINGS.map((text) => [text, text]), ['[a]', '(command:x)'], ['[a', '](command:x)']];
    let links = 0;
    for (const sentence of said) {
      for (const [even = '', odd = ''] of names) {
        for (const fill of [sentence, '{0}{1}', `${sentence}{1}`]) {
          const text = fill.replace(/\{(\d)\}/g, (_, index: string) =>
            Number(index) % 2 === 0 ? even : odd,
          );
          links += LINK.test(text) ? 1 : 0;
          expect(forMessage(text)).not.toMatch(LINK);
        }
      }
    }
    expect(links).toBeGreaterThan(100);
    return `${said.length} sentences, ${links} of the texts would have had a link`;
  },
);

attack(
  {
    id: 'text-cli',
    from: 'guest',
    tries: 'The same names in the command line’s tables, --json, log lines and redrawn progress.',
    holds: 'One row each, no cursor is moved; --json gives the exact name, escaped.',
    promise: 'hostile-input',
  },
  () => {
    const collect = () => {
      const stream = new PassThrough();
      return { stream, text: () => String(stream.read() ?? '') };
    };
    const table = { header: ['NAME', 'AFTER'], row: (name: string) => [name, 'end'], empty: '' };
    const people = collect();
    new Output(people.stream, false).list(STRINGS, table);
    const lines = people.text();
    expect(lines).not.toMatch(CONTROLS);
    expect(lines.trimEnd().split('\n')).toHaveLength(STRINGS.length + 1);
    const json = collect();
    new Output(json.stream, true).list(STRINGS, table);
    const values = json.text();
    expect(values).not.toMatch(CONTROLS);
    expect(
      values
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as string),
    ).toEqual(STRINGS);
    const log = collect();
    const status = new StatusLine(log.stream as never, { quiet: false, verbose: true });
    for (const text of STRINGS) {
      status.log.warn(text);
      status.report({ phase: 'boot', message: text });
    }
    expect(log.text()).not.toMatch(CONTROLS);
    return `${STRINGS.length} names in a table, JSON, log and progress`;
  },
);
