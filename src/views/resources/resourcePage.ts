import { randomBytes } from 'node:crypto';

export interface PageSources {
  /** Address of the page's script and style sheet, as the webview reaches them. */
  script: string;
  style: string;
  /** Where style sheets may come from (`webview.cspSource`). */
  source: string;
}

/**
 * The page of the Resources view. Nothing of a machine stands in it; figures come by message. The policy allows one
 * script by its nonce and the extension's own style sheet: no other script, no network, no picture, no frame.
 */
export function resourcePage({ script, style, source }: PageSources): string {
  const nonce = randomBytes(18).toString('base64url');
  const policy = `default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Resources</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<main></main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
