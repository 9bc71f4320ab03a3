interface Parts {
  class?: string;
  text?: string;
  title?: string;
  attributes?: Record<string, string>;
}

/** An element with text and children. There is no way to give it markup: what comes from a guest stays text. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  parts: Parts = {},
  ...children: Node[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (parts.class !== undefined) {
    made.className = parts.class;
  }
  if (parts.text !== undefined) {
    made.textContent = parts.text;
  }
  if (parts.title !== undefined) {
    made.title = parts.title;
  }
  for (const [name, value] of Object.entries(parts.attributes ?? {})) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Changes the text only if it is another: an untouched node costs no layout and no screen reader a word. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
