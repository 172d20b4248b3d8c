import { Person, uniqueName, type TestServer } from './support';

/** History and changes: a message that is found there was stored, whatever its ack said. */
const readsOfChat = /\/v1\/chats\/[^/]+\/(messages|changes)\?/;

/**
 * Somebody whose link goes through the test, which may say what it likes and keep back or change
 * what the server says. It is tapped inside the page, so the link itself is the real one.
 */
export class Tapped extends Person {
  readonly broken: string[] = [];

  /** Before signing in. It holds for each page that is loaded from now on. */
  async tap(): Promise<void> {
    this.page.on('pageerror', (error) => this.broken.push(String(error)));
    await this.page.addInitScript(() => {
      const tap = { say: null as ((packet: string) => void) | null, spoilt: 0 };
      Object.assign(window, { tap });
      const hear = (packet: string): string | null => {
        const arguments_ = sessionStorage.getItem('acks');
        if (arguments_ === null) return packet;
        // The delivery would be proof enough.
        if (packet.startsWith('42["new_message"')) return null;
        const id = /^43(\d+)/.exec(packet)?.[1];
        if (id === undefined) return packet;
        tap.spoilt += 1;
        return arguments_ && `43${id}${arguments_}`;
      };
      window.WebSocket = class extends WebSocket {
        override set onmessage(take: ((event: MessageEvent) => void) | null) {
          tap.say = (packet) => take?.(new MessageEvent('message', { data: packet }));
          super.onmessage = (event: MessageEvent) => {
            const data = typeof event.data === 'string' ? hear(event.data) : event.data;
            if (data) take?.(new MessageEvent('message', { data }));
          };
        }
      };
    });
    await this.page.reload();
  }

  /** Fails while there is no link. */
  say(...packets: string[]): Promise<void> {
    return this.page.evaluate((all) => {
      for (const packet of all) (window as any).tap.say(packet);
    }, packets);
  }

  /**
   * Each ack has these arguments from now on, over reloads, and no message is delivered, nor read
   * from the chat.
   */
  async spoilAcks(arguments_: string): Promise<void> {
    await this.page.route(readsOfChat, (route) => route.abort());
    await this.page.evaluate((text) => sessionStorage.setItem('acks', text), arguments_);
  }

  async letThrough(): Promise<void> {
    await this.page.evaluate(() => sessionStorage.removeItem('acks'));
    await this.page.unroute(readsOfChat);
  }

  /** How many acks of the page that is there now were spoilt. */
  spoilt(): Promise<number> {
    return this.page.evaluate(() => (window as any).tap.spoilt);
  }
}

/** Ann, whose link is tapped, has a message of Ben's; she has not signed in yet. */
export async function tappedScene(server: TestServer, browser: Parameters<Person['open']>[0]) {
  const ann = await new Tapped(server, uniqueName('ann')).register('Ann');
  const ben = await new Person(server, uniqueName('ben')).register('Ben');
  const chat = await ann.direct(ben);
  await ben.send(chat.id, 'the message');
  await ann.open(browser);
  await ann.tap();
  return { ann, ben, chat };
}
