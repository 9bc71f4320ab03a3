import * as vscode from 'vscode';

/** What VS Code and common extensions render, whatever is installed now: pictures, sound, films, documents, fonts, notebooks. */
const RENDERED = new Set(
  [
    'apng avif bmp cur gif heic heif icns ico jfif jpe jpeg jpg jxl pbm pgm png pnm ppm psd qoi svg svgz tga tif tiff webp xbm xpm',
    'aac aif aiff flac m4a mid midi mp3 oga ogg opus wav weba wma 3gp avi flv m4v mkv mov mp4 mpeg mpg ogv webm wmv',
    'doc docx epub odp ods odt pdf ppt pptx ps eps xls xlsx otf ttc ttf woff woff2 glb gltf obj stl ipynb sqlite db',
  ].flatMap((line) => line.split(' ')),
);

/**
 * Whether anything but the text editor might open a file of that name: a custom editor or notebook of some extension (VS Code's
 * own previews of pictures and media are such), or one that the user's settings name.
 */
export function opensElsewhere(name: string, patterns: readonly string[] = claimedPatterns()): boolean {
  const endings = name.toLowerCase().split('.').slice(1);
  return (
    endings.some((ending) => RENDERED.has(ending)) || patterns.some((pattern) => mayMatch(pattern, name))
  );
}

/** Glob patterns of file names. */
function claimedPatterns(): string[] {
  const contributed = vscode.extensions.all.flatMap(({ packageJSON }) => claimsOf(packageJSON));
  const settings = vscode.workspace.getConfiguration('workbench');
  const chosen = settings.get<Record<string, unknown>>('editorAssociations', {});
  return [...contributed, ...Object.keys(chosen).filter((pattern) => chosen[pattern] !== 'default')];
}

/** Of an extension's package.json, which is another author's. One that only offers itself (`option`) opens nothing by itself. */
export function claimsOf(packageJson: unknown): string[] {
  const { customEditors, notebooks } = object(object(packageJson)['contributes']);
  const views = [...list(customEditors), ...list(notebooks)].map(object);
  const taking = views.filter(({ priority }) => priority !== 'option');
  return taking
    .flatMap(({ selector }) => list(selector))
    .map((each) => object(each)['filenamePattern'])
    .filter((pattern) => typeof pattern === 'string');
}

/** Says yes too often rather than too seldom: the price is a text without colours. */
function mayMatch(pattern: string, name: string): boolean {
  const last = pattern.toLowerCase().split('/').at(-1) ?? '';
  const words = new Set(last.match(/[\p{L}\p{N}_+-]+/gu));
  const parts = name.toLowerCase().match(/[\p{L}\p{N}_+-]+/gu) ?? [];
  const ending = parts.at(-1);
  return words.size === 0 || /\[|\*$/.test(last) || (ending !== undefined && words.has(ending));
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
