// A first chat: `npm install socket.io-client`, start Knotos, then `node first-chat.mjs`.
import { io } from 'socket.io-client';

const url = process.env.KNOTOS_URL ?? 'http://127.0.0.1:8080';
const post = async (path, body, token) => (await fetch(url + path, { method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  body: JSON.stringify(body) })).json();
const register = (name) => post('/v1/auth/register',
  { username: `${name}_${Date.now()}`, password: 'correct horse' });

const [ann, ben] = [await register('ann'), await register('ben')];
const chat = await post('/v1/chats', { type: 'direct', userId: ben.user.id }, ann.accessToken);
const connect = (who) => io(url, { auth: { token: who.accessToken } });
const [annSocket, benSocket] = [connect(ann), connect(ben)];

const heard = new Promise((resolve) => benSocket.on('new_message', resolve));
await new Promise((resolve) => benSocket.on('session_ready', resolve));
console.log('Ann is told:', await annSocket.emitWithAck('send_message',
  { chatId: chat.id, content: 'Hello, Ben!', type: 'text' }));
console.log('Ben hears:', (await heard).content);
[annSocket, benSocket].forEach((socket) => socket.disconnect());
