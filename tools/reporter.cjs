/**
 * Mocha's spec reporter, and what it leaves out: the skipped tests by name with the reason, what the tests left
 * open, and `N passed, N failed[, N skipped]` as the very last line of standard output.
 *
 * A test says why it is skipped by `skipReason` on itself, its hook or its suite (skipBecause() of @lstp/core/testing).
 */
const Mocha = require('mocha');

/** After the last test everything must be closed; what is still open by then would keep the process for ever. */
const LINGER_MS = 10_000;

module.exports = class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on('pending', (test) => skipped.push(test));
    runner.once('end', () => {
      listSkipped(skipped);
      setTimeout(() => failForLeftovers(runner.stats), LINGER_MS).unref();
      process.on('exit', () => process.stdout.write(`${summary(runner.stats)}\n`));
    });
  }
};

/** A failing before-hook counts as one failure; the tests under it count nowhere. */
function summary({ passes, failures, pending }) {
  return `${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}`;
}

function listSkipped(tests) {
  for (const test of tests) process.stdout.write(`skipped: ${test.fullTitle()}: ${reasonOf(test)}\n`);
}

function reasonOf(test) {
  for (let at = test; at; at = at.parent) {
    if (at.skipReason) return at.skipReason;
  }
  return 'no reason given';
}

function failForLeftovers(stats) {
  stats.failures++;
  process.stdout.write(`failed: the tests left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
  // Mocha sets the status in its own exit handler, which came first; ours is the last word.
  process.on('exit', () => {
    process.exitCode = 1;
  });
  process.exit(1);
}
