import { expect, test } from 'vitest';
import { messageText, nameText } from '../../../src/views/messageText';

// VS Code's own expression for links in notifications (src/vs/base/common/linkedText.ts).
const LINK = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/;

test.each([
  '[press me](command:workbench.action.quit)',
  '[x](https://example.org "title")',
  'a [b](file:///etc/passwd) c',
])('%j makes no link in a notification', (text) => {
  expect(LINK.test(text)).toBe(true);
  expect(LINK.test(messageText(text))).toBe(false);
  expect(LINK.test(nameText(text))).toBe(false);
});

test('a name is one line without icons', () => {
  expect(nameText('a\n$(trash)\u001b[31m b ')).toBe('a $ (trash) b');
});
