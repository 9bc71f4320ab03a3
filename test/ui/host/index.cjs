// Loaded by the extension host: runs the *.test.cjs files beside it and prints one JSON line a test.
const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const mocha = require('mocha');

const Mocha = mocha.default ?? mocha;

exports.run = () =>
  new Promise((resolve, reject) => {
    const runner = new Mocha({
      ui: 'tdd',
      timeout: 120_000,
      reporter: JsonLines,
      grep: process.env.BULKHEAD_UI_GREP,
    });
    for (const name of readdirSync(__dirname).filter((file) => file.endsWith('.test.cjs'))) {
      runner.addFile(join(__dirname, name));
    }
    runner.run((failures) => (failures > 0 ? reject(new Error(`${failures} failed`)) : resolve()));
  });

function JsonLines(runner) {
  const print = (test, failure) => console.log(JSON.stringify({ uiTest: test.fullTitle(), failure }));
  runner.on('pass', (test) => print(test));
  runner.on('fail', (test, error) => print(test, error.stack ?? String(error)));
}
