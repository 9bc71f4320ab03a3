import { expect, vi } from 'vitest';
import { installed } from '../../unit/views/review/editorStub';
import { change } from '../../unit/views/review/reviewFixture';
import { attack } from '../attack';

vi.mock('vscode', async () => (await import('../../unit/views/review/editorStub')).editorStub);
const { reviewUri } = await import('../../../src/views/review/reviewUri');

attack(
  {
    id: 'review-rendered',
    from: 'guest',
    tries:
      'Pictures, sounds, films, PDFs and notebooks without a NUL in their first bytes, so that they pass for text and keep their names, and files that an installed extension or the user’s settings open in an editor of their own.',
    holds: 'All of them end in .txt in a diff: no decoder of the editor sees the bytes.',
    promise: 'review-gate',
  },
  () => {
    installed.contributes = [
      { customEditors: [{ selector: [{ filenamePattern: '*.{drawio,dio}' }] }] },
      { notebooks: [{ selector: [{ filenamePattern: '**/*.dib' }] }] },
    ];
    installed.associations = { '*.report': 'evil.viewer' };
    const names =
      'logo.gif LOGO.PNG a.svg x.mp3 x.webm x.pdf x.ttf n.ipynb d.drawio d.DIO n.dib q.report'.split(' ');
    for (const name of names) {
      for (const side of ['host', 'guest', 'base', 'merged'] as const) {
        expect(reviewUri('look', change(`docs/${name}`), side).path).toBe(`/${side}/docs/${name}.txt`);
      }
    }
    expect(reviewUri('look', change('src/a.ts'), 'guest').path).toBe('/guest/src/a.ts');
    return `${names.length} names end in .txt`;
  },
);
