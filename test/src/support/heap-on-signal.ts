/** Preloaded into a process (`node --expose-gc --import`): on SIGUSR2 it collects garbage and says `heap BYTES`, buffers included, on stderr. */
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  process.stderr.write(`heap ${heapUsed + arrayBuffers}\n`);
});

export {};
