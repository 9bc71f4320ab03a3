// node activate.cjs <extension.js>: prints, as JSON, what of the outside world activation touches.
const childProcess = require('node:child_process');
const dgram = require('node:dgram');
const fs = require('node:fs');
const net = require('node:net');
const { inert } = require('./vscodeStub.cjs');

const extension = require(process.argv[2]);
const touched = [];
const watch = (object, label) => {
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === 'function' && !/^[A-Z_]/.test(name)) {
      object[name] = function (...args) {
        touched.push(`${label}.${name}(${String(args[0])})`);
        return value.apply(this, args);
      };
    }
  }
};
watch(fs, 'fs');
watch(fs.promises, 'fs.promises');
watch(childProcess, 'child_process');
watch(dgram, 'dgram');
for (const name of ['connect', 'createConnection', 'createServer']) {
  const original = net[name];
  net[name] = (...args) => {
    touched.push(`net.${name}`);
    return original(...args);
  };
}
extension.activate({
  subscriptions: [],
  globalState: { get: () => undefined, update: async () => undefined, keys: () => [] },
  workspaceState: { get: () => undefined, update: async () => undefined, keys: () => [] },
  extensionUri: inert,
  extension: { packageJSON: {} },
  asAbsolutePath: (path) => path,
});
const loaded = Object.keys(require.cache).filter((path) => /[\\/]app\.js$/.test(path));
setTimeout(() => {
  touched.push(...loaded.map((path) => `loaded ${path}`));
  fs.writeSync(1, JSON.stringify(touched.filter((entry) => !entry.startsWith('fs.writeSync'))));
  process.exit(0);
}, 300);
