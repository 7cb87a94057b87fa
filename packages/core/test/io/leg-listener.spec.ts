import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import { openListeners } from '../../src/io/leg-listener.js';

describe('a listener for legs', () => {
  it('goes on when accepting fails, as it does without descriptors', async () => {
    const taken: unknown[] = [];
    const [listener] = await openListeners([{ scheme: 'tcp', host: '127.0.0.1', port: 0 }], { onConnection: (socket) => void taken.push(socket.destroy()) });
    if (listener === undefined) throw new Error('nothing listens');
    const { server, address } = listener;
    for (let time = 0; time < 2; time++) server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    const client = connect(Number(/\d+$/.exec(address)?.[0]), '127.0.0.1').resume().on('error', () => {});
    await once(client, 'close');
    expect(taken).to.have.length(1);
    server.close();
  });
});
