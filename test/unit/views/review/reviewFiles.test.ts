import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ReviewModel } from '../../../../src/views/review/reviewModel';
import { handlers, installed } from './editorStub';
import { change, review } from './reviewFixture';

vi.mock('vscode', async () => (await import('./editorStub')).editorStub);
const { ReviewFiles } = await import('../../../../src/views/review/reviewFiles');
const { readReviewUri, reviewUri } = await import('../../../../src/views/review/reviewUri');

const both = change('src/both.txt', { conflict: 'modified' });
const model = new ReviewModel(review([both, change('link', { type: 'symlink', linkTarget: '/etc' })]));
let asked: string[];
let files: InstanceType<typeof ReviewFiles>;
let merges: { path: string; bytes: Buffer; isMerged: boolean }[];

beforeEach(() => {
  asked = [];
  merges = [];
  files = new ReviewFiles({
    reviewSides: async (token, path) => {
      asked.push(`${token} ${path}`);
      return { host: Buffer.from('mine\n'), guest: Buffer.from('theirs\n') };
    },
  });
  files.follow(model);
  files.onDidSaveMerge((merge) => merges.push(merge));
});

describe('the documents of a review', () => {
  it('show the sides of the look that they were opened for, read-only', async () => {
    const uri = reviewUri('look-1', both, 'guest');
    expect((await files.readFile(uri)).toString()).toBe('theirs\n');
    expect(await files.stat(uri)).toMatchObject({ size: 7, permissions: 1 });
    expect(() => files.writeFile(uri, Buffer.from('x'))).toThrow(
      expect.objectContaining({ code: 'NoPermissions' }),
    );
    expect(asked).toEqual(['look-1 src/both.txt']);
  });

  it('are over with it', async () => {
    const old = reviewUri('look-0', both, 'guest');
    await expect(files.readFile(old)).rejects.toMatchObject({ code: 'Unavailable' });
    files.follow(undefined);
    await expect(files.readFile(reviewUri('look-1', both, 'guest'))).rejects.toMatchObject({
      code: 'Unavailable',
    });
  });

  it('say of a link where it leads, without asking for bytes', async () => {
    const link = model.change('link') ?? both;
    expect((await files.readFile(reviewUri('look-1', link, 'guest'))).toString()).toBe('A link to /etc\n');
    expect(asked).toEqual([]);
  });
});

describe('a merge', () => {
  const uri = reviewUri('look-1', both, 'merged');
  const save = (text: string, reason: number) => {
    handlers.willSave?.({ document: { uri }, reason });
    files.writeFile(uri, Buffer.from(text));
  };

  it('begins with both sides, and decides when the user saves it', async () => {
    expect((await files.readFile(uri)).toString()).toMatch(/^<<<<<<< .*\nmine\n=======\ntheirs\n>>>>>>> /);
    save('mine and theirs\n', 1);
    expect(merges).toEqual([
      { path: 'src/both.txt', bytes: Buffer.from('mine and theirs\n'), isMerged: true },
    ]);
    expect((await files.readFile(uri)).toString()).toBe('mine and theirs\n');
  });

  it('decides nothing when auto-save writes it, or while it has conflicts in it', () => {
    save('half\n', 2);
    expect(merges).toEqual([]);
    save('<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n', 1);
    expect(merges).toMatchObject([{ isMerged: false }]);
  });
});

describe('an address', () => {
  it('is read back, and never a foreign one', () => {
    const uri = reviewUri('t', both, 'host');
    expect(readReviewUri(uri)).toEqual({ token: 't', path: 'src/both.txt', side: 'host' });
    for (const query of [
      '',
      '{}',
      '{"token":1,"path":"a","side":"host"}',
      '{"token":"t","path":"a","side":"x"}',
    ]) {
      expect(readReviewUri({ scheme: uri.scheme, query })).toBeUndefined();
    }
    expect(readReviewUri({ scheme: 'file', query: uri.query })).toBeUndefined();
  });

  it('of what is no text ends in .txt, so that nothing renders it', () => {
    const pathOf = (...args: Parameters<typeof change>) => reviewUri('t', change(...args), 'guest').path;
    expect(pathOf('a.ts')).toBe('/guest/a.ts');
    expect(pathOf('a.png', { binary: true })).toBe('/guest/a.png.txt');
    expect(pathOf('a.ipynb')).toBe('/guest/a.ipynb.txt');
    expect(pathOf('a.svg')).toBe('/guest/a.svg.txt');
    expect(pathOf('a.md', { type: 'symlink' })).toBe('/guest/a.md.txt');
    // No NUL in its first bytes makes a picture no text to us and no less of a picture to VS Code.
    for (const name of ['logo.gif', 'x.MP3', 'a.pdf', 'a.svg.', 'a.png.bak']) {
      expect(pathOf(name)).toBe(`/guest/${name}.txt`);
    }
    expect(pathOf('x/../../evil\u202e')).not.toContain('\u202e');
  });

  it('of what an extension or the user has another editor for ends in .txt too', () => {
    const pathOf = (name: string) => reviewUri('t', change(name), 'guest').path;
    const editor = (filenamePattern: unknown, priority?: string) => ({
      customEditors: [{ selector: [{ filenamePattern }], priority }],
    });
    installed.contributes = [
      editor('*.{drawio,dio}'),
      editor('**/*.Hex', 'default'),
      editor('*.md', 'option'),
      { notebooks: [{ selector: [{ filenamePattern: '*.dib' }] }] },
      editor(7),
      { customEditors: 'none', notebooks: [null, { selector: 3 }] },
      undefined,
    ];
    installed.associations = { '*.csv': 'some.table', '*.go': 'default' };
    expect(['a.dio', 'b.drawio', 'c.hex', 'n.dib', 't.csv'].map(pathOf)).toEqual(
      ['a.dio', 'b.drawio', 'c.hex', 'n.dib', 't.csv'].map((name) => `/guest/${name}.txt`),
    );
    expect(['a.md', 'a.go', 'a.ts', 'dio'].map(pathOf)).toEqual([
      '/guest/a.md',
      '/guest/a.go',
      '/guest/a.ts',
      '/guest/dio.txt',
    ]);
    installed.contributes = [editor('*', 'default')];
    expect(pathOf('a.ts')).toBe('/guest/a.ts.txt');
    installed.contributes = [];
    installed.associations = {};
  });
});
