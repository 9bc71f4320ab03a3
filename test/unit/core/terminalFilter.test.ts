import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TerminalFilter } from '../../../src/core/terminalFilter';

const shown = (...pieces: string[]) => {
  const filter = new TerminalFilter();
  return pieces.map((piece) => filter.push(piece)).join('');
};
const ST = '\x1b\\';
/** Text that a terminal takes for sequences, more often than chance would. */
const output = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\x1b',
        '\x1b]',
        '\x1b[',
        '\x1bP',
        '\x1b_',
        ST,
        '\x07',
        '52;c;',
        '8;;http://a.test/',
        '?',
        ';',
        '9',
      ),
      fc.constantFrom(
        '\x18',
        '\x1a',
        '\x9b',
        '\x9d',
        '\x90',
        '\x9c',
        '\x7f',
        '\0',
        '\r\n',
        't',
        'm',
        '2147483647',
        '0;t',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('what a guest’s terminal may show', () => {
  it.each([
    ['text', 'Grüße 🙂\r\n\ttab\b'],
    ['colours', '\x1b[1;38;5;200;48:2::1:2:3mx\x1b[0m'],
    ['the cursor', '\x1b[H\x1b[2J\x1b[10;20H\x1b[?25l\x1b[6n\x1b7\x1b8'],
    ['screens, mouse, paste and keyboard modes', '\x1b[?1049h\x1b[?1006h\x1b[?2004h\x1b[>1u\x1b[!p'],
    ['line drawing', '\x1b(0lqk\x1b(B'],
    ['a colour question', `\x1b]11;?${ST}`],
    ['progress', `\x1b]9;4;1;50${ST}`],
    ['a web link', `\x1b]8;id=a;https://example.org/x?y=1${ST}link\x1b]8;;${ST}`],
    ['window sizes', '\x1b[18t\x1b[22;0t\x1b[23;0t'],
  ])('%s', (_, text) => {
    expect(shown(text)).toBe(text);
  });

  it.each([
    ['the clipboard read', '\x1b]52;c;?\x07', ''],
    ['the clipboard written, 8-bit', '\x9d52;c;aGk=\x9c', '52;c;aGk='],
    ['the clipboard behind another sequence', '\x1b]0;a\x1b]52;c;?\x07', `\x1b]0;a${ST}`],
    ['the clipboard through tmux', `\x1bPtmux;\x1b\x1b]52;c;?\x07${ST}`, ''],
    ['settings asked for (DECRQSS)', `\x1bP$q"p${ST}`, ''],
    ['capabilities asked for (XTGETTCAP)', `\x1bP+q544e${ST}`, ''],
    ['an image', `\x1bPq#0;2;0;0;0${ST}\x1b]1337;File=inline=1:AAAA\x07`, ''],
    ['APC, PM and SOS', `\x1b_Ga=t${ST}\x1b^x${ST}\x1bXx${ST}`, ''],
    ['the title asked for', '\x1b[21t\x1b[20t\x1b[3;0;0t', ''],
    [
      'folders and commands for the editor',
      '\x1b]7;file:///etc\x07\x1b]633;P;Cwd=/\x07\x1b]633;E;rm\x07\x1b]133;A\x07',
      '',
    ],
    ['notifications', '\x1b]9;hi\x07\x1b]777;notify;a;b\x07', ''],
    [
      'links to the host',
      `\x1b]8;;file:///etc/passwd${ST}a\x1b]8;;vscode://x/y${ST}`,
      `\x1b]8;;${ST}a\x1b]8;;${ST}`,
    ],
    ['printing', '\x1b[5i\x1b[4i', ''],
    ['answerback', '\x05', ''],
    ['a million repetitions', 'a\x1b[2147483647b', 'a\x1b[9999b'],
    ['a title that is no line', '\x1b]2;a\u202eb\n$(alert)\x07', `\x1b]2;ab$\u2060(alert)${ST}`],
    ['what was broken off', '\x1b]52;c\x18;?\x07', ';?\x07'],
  ])('not %s', (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('is the same however the output is cut', () => {
    fc.assert(
      fc.property(output, fc.array(fc.nat(200), { maxLength: 10 }), (text, cuts) => {
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
        const pieces = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(shown(...pieces)).toBe(shown(text));
      }),
      { numRuns: 500 },
    );
  });

  it('lets nothing through that it would not let through again', () => {
    fc.assert(
      fc.property(output, (text) => {
        const once = shown(text);
        expect(shown(once)).toBe(once);
        for (const dropped of [
          '\x7f',
          '\x9b',
          '\x9d',
          '\x90',
          '\x1bP',
          '\x1b_',
          '\x1b]52',
          '\x1b]7',
          '2147483647',
        ]) {
          expect(once).not.toContain(`\x1b${dropped}`.replace('\x1b\x1b', '\x1b'));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps little of a sequence without an end', () => {
    const filter = new TerminalFilter();
    for (let n = 0; n < 1000; n++) {
      expect(filter.push(`${n === 0 ? '\x1b]0;' : ''}${'x'.repeat(10_000)}`)).toBe('');
    }
    expect(JSON.stringify(filter).length).toBeLessThan(20_000);
    expect(filter.push('\x07back')).toBe('back');
  });
});
