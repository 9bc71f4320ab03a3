// Stands in for VS Code's API where a bundle is loaded outside of it: every member of every namespace exists, can be
// called and constructed, and does nothing.
const { readFileSync } = require('node:fs');
const Module = require('node:module');

const declarations = readFileSync(require.resolve('@types/vscode/index.d.ts'), 'utf8');
const names = [
  ...declarations.matchAll(/^\texport (?:abstract )?(?:class|namespace|enum|const|function|let) (\w+)/gm),
].map(([, name]) => name);
const inert = new Proxy(class {}, {
  get: (target, key) =>
    key === 'prototype'
      ? target.prototype
      : key === Symbol.iterator
        ? () => [].values()
        : typeof key === 'symbol' || key === 'then'
          ? undefined
          : inert,
  set: () => true,
  apply: () => inert,
});
// Own properties, not a proxy: bundlers copy what they find.
const vscode = Object.fromEntries(names.map((name) => [name, inert]));

const load = Module._load;
Module._load = function (request, ...rest) {
  return request === 'vscode' ? vscode : load.call(this, request, ...rest);
};
module.exports = { vscode, inert };
