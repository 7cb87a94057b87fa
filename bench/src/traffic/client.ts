/** Program: the application in front of a chain. */
import { serveCalls } from './serve-calls.js';
import { BulkLoad } from './bulk-load.js';
import { sendDatagrams } from './datagram-load.js';
import { holdConnections, makeConnections, measureEchoes, measureOpenings, measureRoundTrips } from './echo-load.js';
import { Meter } from './meter.js';

const meter = new Meter();
const bulk = new BulkLoad(meter);
let release = (): Promise<void> => Promise.resolve();

serveCalls({
  startBulk: async (load) => {
    await bulk.start(load);
    return null;
  },
  finishBulk: async () => {
    await bulk.finish();
    return null;
  },
  mark: () => meter.mark(),
  totals: () => meter.takeTotals(),
  sendDatagrams,
  connections: makeConnections,
  echoes: measureEchoes,
  openings: measureOpenings,
  roundTrips: measureRoundTrips,
  hold: async (load) => {
    release = await holdConnections(load);
    return null;
  },
  release: async () => {
    await release();
    return null;
  },
});
