import './resources.css';
import type { FromPage, ToPage } from '../../src/views/resources/resourceMessages';
import { Page } from './page';
import { setTexts } from './texts';

declare function acquireVsCodeApi(): { postMessage(message: FromPage): void };

const vscode = acquireVsCodeApi();
let page: Page | undefined;

// Only the extension can post to this page: its frame has no other neighbour.
addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
  if (!page) {
    if (data.type !== 'show') {
      return;
    }
    setTexts(data.texts);
    const place = document.querySelector('main');
    if (!place) {
      throw new Error('The page has no <main>');
    }
    page = new Page(place, (action) => vscode.postMessage({ type: 'action', action }));
  }
  page.take(data);
});
vscode.postMessage({ type: 'ready' });
