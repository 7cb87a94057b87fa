import { ChannelRefusal, type ChannelOpener, type IncomingChannel, type ListenRequest } from '@lstp/core';
import { socketPair } from '@lstp/core/testing';
import { expect } from 'chai';
import { buffer } from 'node:stream/consumers';
import { BindSession } from '../../src/socks/bind-session.js';
import { voices } from '../../src/socks/socks-reply.js';

describe('plugins/socks/bind-session', () => {
  it('refuses the application where the far end hands over a connection, and then says that it never listened', async () => {
    const [application, socket] = await socketPair();
    let listen: ListenRequest | undefined;
    let refuse: (why: ChannelRefusal) => void = () => {};
    const connected = new Promise<never>((_, reject) => (refuse = reject));
    connected.catch(() => {});
    const channels: ChannelOpener = {
      join: () => { throw new Error('nothing is joined'); },
      openDatagrams: () => { throw new Error('no datagrams'); },
      listen: (request) => {
        listen = request;
        return { id: '1', connected, closed: connected.catch((why: ChannelRefusal) => why.reason), close: () => {} };
      },
    };
    const session = new BindSession({ socket, head: Buffer.alloc(0), channels, voice: voices[5], target: '10.1.2.3:21' });
    const refused: string[] = [];
    const incoming: IncomingChannel = { source: '10.1.2.3:20', join: () => { throw new Error('it is not joined'); }, refuse: (reason) => void refused.push(reason) };
    listen?.onConnection(incoming);
    refuse(new ChannelRefusal('denied', 'never listened'));
    await session.over;
    expect((await buffer(application))[1]).to.equal(2);
    expect(refused).to.deep.equal(['reset']);
    application.destroy();
  });
});
