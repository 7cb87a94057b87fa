import { createServer, type AddressInfo, type Server } from 'node:net';

/** `count` different ports of loopback that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listenOn(0)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Rejects with a message that names the remedy when `port` of loopback is taken or not ours to take. */
export async function checkFree(port: number): Promise<void> {
  try {
    const server = await listenOn(port);
    await new Promise((resolve) => server.close(resolve));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === 'EADDRINUSE' ? 'another program listens there' : code === 'EACCES' ? 'this user may not listen there' : message;
    const other = `--port ${port === 8081 ? 8082 : 8081}`;
    const command = process.env['npm_lifecycle_event'] === 'start' ? `npm start -- ${other}` : `lstp trial ${other}`;
    throw Object.assign(new Error(`127.0.0.1:${port}: ${what}; choose another port: \`${command}\``), { code: 'ERR_LSTP_ADDRESS_IN_USE' });
  }
}

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
