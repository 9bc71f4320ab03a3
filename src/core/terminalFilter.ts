import { forLabel } from './plainText';

/** A control sequence that is longer is given up (characters): the longest in use are colours, some 40. */
const CSI_MAX = 256;
/** A string (OSC) that is longer is dropped (characters): room for a title or a link. */
const OSC_MAX = 4096;
const TITLE_MAX = 120;
/** Terminals loop as often as a parameter says ("insert 2147483647 lines"); none has as many rows or columns. */
const PARAMETER_MAX = '9999';

/** Control characters that a terminal program needs: BEL, BS, HT, LF, VT, FF, CR, SO, SI. */
const CONTROLS = '\x07\b\t\n\v\f\r\x0e\x0f';
// biome-ignore lint/suspicious/noControlCharactersInRegex: C0, DEL and C1 (8-bit ESC, CSI, OSC …) are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
/** ECMA-48, 5.4: a private prefix, parameters, intermediates. */
const CSI_BODY = /^[<=>?]?[0-9;:]*[ -/]*$/;
/** Cursor save and restore, keypad, reset, index, next line, tab, reverse index, single shifts, DA. */
const ESCAPES = /^(?:[78=>cDEHMNOZ]|[()*+][0-9A-Za-z<=>"&%]|#[3-68]|%[@G])$/;
/** What may follow in `CSI … t`: sizes in pixels and characters, title stack. The rest reports the title or moves windows. */
const WINDOW_REPORTS = /^(?:14|16|18|22|23)(?:;[0-2])*$/;
/** Of a link's parameters, and its target. `file:`, `vscode:` and `command:` would act on the host. */
const LINK_ID = /^id=[\w.-]{1,64}$/;
const LINK_TARGET = /^https?:\/\/[!-~]{1,2000}$/;
const COLOURS = /^(?:4|10|11|12|17|19|104|110|111|112|117|119)(?:;[0-9a-zA-Z#/:.?]{0,64}){0,64}$/;
/** Progress in the terminal's tab (ConEmu's OSC 9;4). */
const PROGRESS = /^9;4;[0-4](?:;[0-9]{0,3})?$/;

type State = 'text' | 'escape' | 'csi' | 'osc' | 'dropped string';

/**
 * What a guest's program prints, without what would reach past its terminal: the clipboard (OSC 52), answers that carry
 * text of the guest back as typing (DCS, title reports), folders, commands and images for the editor (OSC 7, 633, 1337),
 * notifications, links to anything but the web. Colours, the cursor, titles, screens and mouse modes stay.
 *
 * It lets through only what it knows, each sequence whole and in one spelling, so that no terminal's own reading of odd
 * bytes matters. How the text is cut into pieces makes no difference. It keeps at most one unfinished sequence.
 */
export class TerminalFilter {
  private state: State = 'text';
  private held = '';

  /** The part of `text`, with what was held back before, that may be shown now. */
  push(text: string): string {
    let shown = '';
    let at = 0;
    while (at < text.length) {
      if (this.state === 'text' || this.state === 'osc' || this.state === 'dropped string') {
        CONTROL.lastIndex = at;
        const next = CONTROL.exec(text)?.index ?? text.length;
        shown += this.plain(text.slice(at, next));
        at = next;
      }
      const char = text[at++];
      if (char !== undefined) {
        shown += this.char(char);
      }
    }
    return shown;
  }

  /** A run without control characters. */
  private plain(run: string): string {
    if (this.state === 'text') {
      return run;
    }
    if (this.state === 'osc') {
      this.held += run;
      if (this.held.length > OSC_MAX) {
        this.enter('dropped string');
      }
    }
    return '';
  }

  private char(char: string): string {
    if (char >= '\x7f' && char <= '\x9f') {
      return '';
    }
    if (char === '\x1b') {
      const ended = this.state === 'osc' ? oscFor(this.held) : '';
      this.enter('escape');
      return ended;
    }
    if (char === '\x18' || char === '\x1a') {
      this.enter('text');
      return '';
    }
    switch (this.state) {
      case 'text':
        return control(char);
      case 'escape':
        return this.escape(char);
      case 'csi':
        return this.csi(char);
      case 'osc':
        return char === '\x07' ? this.finish(oscFor(this.held)) : '';
      case 'dropped string':
        // BEL ends an OSC only; a DCS that goes on is read as text then, which does no harm.
        return char === '\x07' ? this.finish('') : '';
    }
  }

  private escape(char: string): string {
    if (char < ' ') {
      return control(char);
    }
    if (this.held === '' && char === '[') {
      this.enter('csi');
      return '';
    }
    if (this.held === '' && char === ']') {
      this.enter('osc');
      return '';
    }
    if (this.held === '' && 'PX^_'.includes(char)) {
      this.enter('dropped string');
      return '';
    }
    this.held += char;
    if (char >= ' ' && char <= '/' && this.held.length < 3) {
      return '';
    }
    return this.finish(ESCAPES.test(this.held) ? `\x1b${this.held}` : '');
  }

  private csi(char: string): string {
    if (char < ' ') {
      // A terminal obeys it in the midst of the sequence.
      return control(char);
    }
    if (char < '@') {
      this.held = this.held.length < CSI_MAX ? this.held + char : this.held;
      return '';
    }
    if (char > '~') {
      return this.finish(char);
    }
    return this.finish(csiFor(this.held, char));
  }

  private enter(state: State): void {
    this.state = state;
    this.held = '';
  }

  private finish(shown: string): string {
    this.enter('text');
    return shown;
  }
}

function control(char: string): string {
  return CONTROLS.includes(char) ? char : '';
}

function csiFor(body: string, final: string): string {
  if (body.length >= CSI_MAX || !CSI_BODY.test(body)) {
    return '';
  }
  // Printing (`i`), checksums of the screen (`*y`), window reports and operations (`t`).
  if (
    final === 'i' ||
    (final === 'y' && body.endsWith('*')) ||
    (final === 't' && !WINDOW_REPORTS.test(body))
  ) {
    return '';
  }
  return `\x1b[${body.replace(/\d{5,}/g, PARAMETER_MAX)}${final}`;
}

/** The OSC as it may be shown, or nothing. */
function oscFor(body: string): string {
  const title = /^([012]);/.exec(body);
  if (title) {
    return osc(`${title[1]};${forLabel(body.slice(2), TITLE_MAX)}`);
  }
  if (body.startsWith('8;')) {
    return osc(linkFor(body.slice(2)));
  }
  return COLOURS.test(body) || PROGRESS.test(body) ? osc(body) : '';
}

/** `id=a:b=c;https://…`. Whatever is no web link ends the link before it. */
function linkFor(body: string): string {
  const end = body.indexOf(';');
  const target = body.slice(end + 1);
  if (end < 0 || !LINK_TARGET.test(target)) {
    return '8;;';
  }
  const id =
    body
      .slice(0, end)
      .split(':')
      .find((parameter) => LINK_ID.test(parameter)) ?? '';
  return `8;${id};${target}`;
}

function osc(body: string): string {
  return `\x1b]${body}\x1b\\`;
}
