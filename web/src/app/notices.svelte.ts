import { wantsToKnow } from '../model/chat_order';
import type { Message } from '../model/types';
import type { Client } from './client.svelte';
import { router } from './router.svelte';

const storageKey = 'knotos.notices';
const patienceMs = 500;

/** Of new messages, by the system, while the user looks elsewhere. Off until the user wants it. */
class Notices {
  #isWanted = $state(localStorage.getItem(storageKey) === 'on');
  #isAllowed = $state('Notification' in globalThis && Notification.permission === 'granted');

  get isOn(): boolean {
    return this.#isWanted && this.#isAllowed;
  }

  /** False: the browser, or the user by it, says no. */
  async turnOn(): Promise<boolean> {
    this.#isAllowed =
      'Notification' in globalThis && (await Notification.requestPermission()) === 'granted';
    if (this.#isAllowed) this.#want(true);
    return this.#isAllowed;
  }

  turnOff(): void {
    this.#want(false);
  }

  /** A new message has come live. Who reads it at once, here or elsewhere, need not be told. */
  hear(client: Client, message: Message): void {
    const isTold = this.isOn && !isLooking() && message.type === 'text' && !message.isDeleted;
    if (isTold) setTimeout(() => this.#tell(client, message), patienceMs);
  }

  #tell(client: Client, message: Message): void {
    const chat = client.chats.get(message.chatId);
    if (isLooking() || !chat || !wantsToKnow(chat, Date.now())) return;
    if (chat.state.lastReadSeq >= message.seq) return;
    const sender = client.people.nameOf(message.senderId ?? '');
    const text = message.content ?? '';
    const notice = new Notification(client.chats.titleOf(chat), {
      body: chat.type === 'group' ? `${sender}: ${text}` : text,
      icon: '/icon-192.png',
      // Each tab tells it, and it is there once.
      tag: message.id,
    });
    notice.onclick = () => {
      notice.close();
      focus();
      router.go({ page: 'chat', chatId: message.chatId });
    };
  }

  #want(isWanted: boolean): void {
    localStorage.setItem(storageKey, isWanted ? 'on' : 'off');
    this.#isWanted = isWanted;
  }
}

const isLooking = () => document.visibilityState === 'visible' && document.hasFocus();

export const notices = new Notices();
