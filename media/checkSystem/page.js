// The page of "Check System". It knows no words of its own: all text comes with each message, and goes into text nodes.
const vscode = acquireVsCodeApi();
const main = document.querySelector('main');

/** Paths of 16×16 icons, stroked in the colour of the status. */
const ICONS = {
  ok: ['M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z', 'M5 8.2l2.1 2.1L11 6'],
  slow: ['M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z', 'M8 4.5V8l2.5 1.8'],
  warning: ['M8 2L14.5 13.5H1.5z', 'M8 6.5v3.2', 'M8 11.4v.2'],
  missing: ['M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z', 'M5.8 5.8l4.4 4.4', 'M10.2 5.8l-4.4 4.4'],
};

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

function icon(status) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of ICONS[status] ?? ICONS.warning) {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

/** `key` finds the button again after the page was drawn anew, so that the keyboard's focus stays where it is. */
function button(key, label, message, { detail, secondary = false } = {}) {
  const made = element('button', secondary ? 'secondary' : '', label);
  made.type = 'button';
  made.dataset.key = key;
  if (detail) {
    made.title = detail;
  }
  made.addEventListener('click', () => vscode.postMessage(message));
  return made;
}

/** Words between backticks are commands. */
function withCode(paragraph, text) {
  text.split('`').forEach((part, n) => {
    paragraph.append(n % 2 === 1 ? element('code', '', part) : part);
  });
  return paragraph;
}

const title = element('h1');
// It stays the same element: a screen reader tells of changes in it.
const summary = element('p', 'summary');
summary.setAttribute('role', 'status');
const toolbar = element('div', 'toolbar');
const list = element('ul', 'findings');
main.append(title, summary, toolbar, list);

function finding({ id, status, statusText, title, message, fix, actions }) {
  const item = element('li', `finding ${status in ICONS ? status : 'warning'}`);
  item.dataset.finding = id;
  const body = element('div', 'body');
  const heading = element('h2', '', title);
  heading.append(' ', element('span', 'status', statusText));
  body.append(heading, withCode(element('p', 'message'), message));
  if (fix) {
    body.append(withCode(element('p', 'fix'), fix));
  }
  if (actions.length > 0) {
    const buttons = element('div', 'actions');
    actions.forEach(({ label, detail }, action) => {
      const made = button(
        `${id} ${action}`,
        label,
        { type: 'act', finding: id, action },
        { detail, secondary: true },
      );
      made.setAttribute('aria-label', `${title}: ${label}. ${detail}`);
      buttons.append(made);
    });
    body.append(buttons);
  }
  item.append(icon(status), body);
  return item;
}

window.addEventListener('message', ({ data }) => {
  const focused = document.activeElement?.dataset?.key;
  const { texts, busy } = data;
  title.textContent = data.title;
  if (summary.textContent !== data.summary) {
    summary.textContent = data.summary;
  }
  main.classList.toggle('busy', busy);
  main.setAttribute('aria-busy', String(busy));
  const first = busy
    ? button('main', texts.cancel, { type: 'cancel' })
    : button('main', texts.again, { type: 'again' });
  const copy = button('copy', texts.copy, { type: 'copy' }, { secondary: true });
  copy.disabled = busy || data.findings.length === 0;
  toolbar.replaceChildren(first, copy);
  list.setAttribute('aria-label', texts.findings);
  list.replaceChildren(...data.findings.map(finding));
  if (focused) {
    [...document.querySelectorAll('button')].find(({ dataset }) => dataset.key === focused)?.focus();
  }
});
vscode.postMessage({ type: 'ready' });
