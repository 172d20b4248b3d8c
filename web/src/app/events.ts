import { isChat, isCount, isMessage, isPresence } from '../model/shapes';
import type { ChatUserState } from '../model/types';
import type { Client } from './client.svelte';

type Data = Record<string, unknown>;

/** What the server says, each event to whom it concerns. What does not fit is left alone. */
export function hear(client: Client, name: string, data: Data): void {
  if (Object.hasOwn(handlers, name)) handlers[name]!(client, data);
}

function text(data: Data, name: string): string {
  const value = data[name];
  return typeof value === 'string' ? value : '';
}

function number(data: Data, name: string): number | undefined {
  const value = data[name];
  return isCount(value) ? value : undefined;
}

function takeMessage(client: Client, data: Data): void {
  if (isMessage(data) && typeof data.chatId === 'string') client.take(data);
}

function hearMark(kind: 'deliveredSeq' | 'readSeq') {
  return (client: Client, data: Data) => {
    const seq = number(data, 'seq');
    const [chatId, userId] = [text(data, 'chatId'), text(data, 'userId')];
    if (seq !== undefined && chatId && userId) {
      client.watermarks.raise(chatId, userId, { [kind]: seq });
    }
  };
}

function hearTyping(name: string) {
  return (client: Client, data: Data) =>
    client.typing.hear(name, text(data, 'chatId'), text(data, 'userId'), number(data, 'ttlMs'));
}

function hearState(client: Client, data: Data): void {
  const chatId = text(data, 'chatId');
  const state = data['state'] as Partial<ChatUserState> | undefined;
  if (typeof state !== 'object' || state === null) return;
  client.chats.changeState(chatId, state, number(data, 'unreadCount'));
  if (typeof state.draft === 'string') client.drafts.hearFromServer(chatId, state.draft);
}

function hearRead(client: Client, data: Data): void {
  const chatId = text(data, 'chatId');
  const lastReadSeq = number(data, 'lastReadSeq');
  if (lastReadSeq === undefined) return;
  client.chats.changeState(
    chatId,
    { lastReadSeq, markedUnread: false },
    number(data, 'unreadCount'),
  );
}

const handlers: Record<string, (client: Client, data: Data) => void> = {
  new_message: takeMessage,
  message_updated: takeMessage,
  message_deleted: takeMessage,
  message_delivered: hearMark('deliveredSeq'),
  message_read: hearMark('readSeq'),
  typing_start: hearTyping('typing_start'),
  typing_stop: hearTyping('typing_stop'),
  presence_update: (client, data) => {
    if (isPresence(data)) client.presence.hear(data);
  },
  chat_state_updated: hearState,
  read_state: hearRead,
  chat_added: (client, data) => {
    const chat = isChat(data['chat']) ? data['chat'] : undefined;
    if (chat) client.chats.put(chat);
    else if (text(data, 'chatId')) void client.chats.refetch(text(data, 'chatId')).catch(() => {});
    const peerId = chat?.peer?.id;
    if (peerId) void client.presence.want([peerId]);
  },
  chat_removed: (client, data) => {
    const chatId = text(data, 'chatId');
    client.forget(chatId);
    client.chats.missing.add(chatId);
  },
  message_hidden: (client, data) =>
    client.held(text(data, 'chatId'))?.hide(text(data, 'messageId')),
  settings_updated: (client) => void client.syncer.refreshSelf(),
  resync_required: (client) => void client.syncer.run(),
  bus_degraded: (client, data) => {
    client.isDegraded = text(data, 'reason') !== 'restored';
  },
  // What follows it is a DISCONNECT; whether the session has ended, the next token tells.
  session_revoked: (client) => {
    void client.keeper.renewed(client.keeper.account.accessToken).catch(() => undefined);
  },
};
