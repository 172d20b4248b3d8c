// The shapes of the API, as the server writes them.

export interface User {
  id: string;
  username: string;
  displayName: string;
  avatarMediaId?: string;
  lastSeenAt?: string;
}

export type MessageType =
  | 'text'
  | 'image'
  | 'video'
  | 'file'
  | 'voice'
  | 'system'
  | 'call'
  | 'encrypted';

export interface ReplyTo {
  messageId: string;
  seq: number;
  senderId: string;
  preview: string;
}

export interface Reaction {
  emoji: string;
  count: number;
  recentUserIds: string[];
}

/** One of those that `Reaction` counts. */
export interface SingleReaction {
  userId: string;
  emoji: string;
  createdAt: string;
}

export interface SystemEvent {
  event: string;
  actorId: string;
  userIds?: string[];
  title?: string;
  role?: Role;
  newOwnerId?: string;
}

/** What a member may not see comes as a stub: `id`, `seq`, `rev` and nothing else. */
export interface Message {
  id: string;
  chatId: string;
  seq: number;
  rev: number;
  prevRev?: number;
  senderId?: string;
  clientMessageId?: string;
  type?: MessageType;
  content?: string;
  createdAt?: string;
  editedAt?: string;
  editVersion?: number;
  isDeleted?: boolean;
  isPinned?: boolean;
  replyTo?: ReplyTo;
  reactions?: Reaction[];
  mentions?: string[];
  systemEvent?: SystemEvent;
  forwardedFrom?: { senderId: string; createdAt: string };
}

export type Role = 'owner' | 'admin' | 'member';
export type ChatType = 'direct' | 'group' | 'saved';

export interface Preview {
  messageId: string;
  seq: number;
  senderId: string;
  type: MessageType;
  content: string;
  isDeleted?: boolean;
  createdAt: string;
  /** Known where the message itself came by. */
  systemEvent?: SystemEvent;
}

export interface ChatUserState {
  role: Role;
  joinedAt?: string;
  visibleFromSeq?: number;
  lastReadSeq: number;
  lastDeliveredSeq?: number;
  isArchived: boolean;
  isPinned: boolean;
  pinOrder?: number;
  mutedUntil: string | null;
  markedUnread: boolean;
  notificationLevel?: string;
  draft?: string;
}

export interface Chat {
  id: string;
  type: ChatType;
  title?: string;
  ownerId?: string;
  settings?: Record<string, unknown>;
  memberCount: number;
  lastSeq: number;
  lastRev: number;
  lastMessagePreview: Preview | null;
  pinnedMessageIds?: string[];
  createdAt: string;
  updatedAt: string;
  state: ChatUserState;
  unreadCount: number;
  peer?: User;
  members?: User[];
}

export interface Member {
  user: User;
  role: Role;
  joinedAt: string;
}

/** Somebody in the own contacts or blocks. */
export interface Acquaintance {
  user: User;
  since: string;
}

export interface Receipt {
  chatId: string;
  userId: string;
  lastDeliveredSeq: number;
  lastReadSeq: number;
}

export interface Session {
  user: User;
  deviceId: string;
  accessToken: string;
  refreshToken: string;
  expiresInMs: number;
}

export interface Device {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt: string;
  isCurrent: boolean;
}

export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  code: string;
  requestId?: string;
  retryable: boolean;
  retryAfterMs?: number;
  errors?: { pointer: string; code: string; detail: string }[];
}

export interface Changes {
  data: Message[];
  lastRev: number;
  hasMore: boolean;
}

export interface HistoryPage {
  data: Message[];
  page: { hasMore: boolean; hasOlder?: boolean; hasNewer?: boolean };
}

export interface Page<Item> {
  data: Item[];
  page: { nextCursor: string | null; hasMore: boolean };
}

export interface SendReceipt {
  messageId: string;
  seq: number;
  rev: number;
  createdAt: string;
  duplicate: boolean;
}

export type PresenceState = 'online' | 'away' | 'offline';

export interface Presence {
  userId: string;
  state: PresenceState;
  lastSeenAt?: string;
}
