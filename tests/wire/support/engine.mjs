// Engine.IO links by hand, on both transports.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { begin, request } from './http.mjs';
import { WebSocketLink } from './websocket.mjs';

export const separator = '\x1e';
export const pollingTarget = '/socket.io/?EIO=4&transport=polling';
export const websocketTarget = '/socket.io/?EIO=4&transport=websocket';

/**
 * A GET that waits gives no sign of it, so what has to find it waiting gives it this long. A test
 * that is too early here could only fail.
 */
export function parked() {
  return sleep(100);
}

export class PollingLink {
  static async open(server, { path = '/socket.io/', query = '', headers } = {}) {
    const link = new PollingLink();
    link.server = server;
    link.response = await request(server, 'GET', `${path}?EIO=4&transport=polling${query}`, {
      headers,
    });
    assert.equal(link.response?.status, 200, link.response?.text);
    assert.equal(link.response.text[0], '0');
    link.open = JSON.parse(link.response.text.slice(1));
    link.sid = link.open.sid;
    link.target = `${path}?EIO=4&transport=polling&sid=${link.sid}`;
    link.websocketTarget = `${path}?EIO=4&transport=websocket&sid=${link.sid}`;
    return link;
  }

  /** The GET, with `connection` and `response`. */
  beginPoll() {
    return begin(this.server, 'GET', this.target);
  }

  poll() {
    return this.beginPoll().response;
  }

  post(body, headers = { 'Content-Type': 'text/plain;charset=UTF-8' }) {
    return request(this.server, 'POST', this.target, { headers, body });
  }

  /** The packets of the next poll. */
  async packets() {
    const response = await this.poll();
    assert.equal(response?.status, 200);
    return response.text.split(separator);
  }

  /** Packets of as many polls as it takes. */
  async packetsUntil(count) {
    const all = [];
    while (all.length < count) all.push(...(await this.packets()));
    return all;
  }

  async say(body) {
    const response = await this.post(body);
    assert.equal(response?.status, 200);
    assert.equal(response.text, 'ok');
  }

  /** Opens the WebSocket and probes. */
  async probe() {
    const websocket = await WebSocketLink.open(this.server, this.websocketTarget);
    websocket.send('2probe');
    assert.equal(await websocket.message(), '3probe');
    return websocket;
  }

  /** Probe, then `5`. */
  async upgrade() {
    const websocket = await this.probe();
    websocket.send('5');
    return websocket;
  }

  async assertGone() {
    const response = await this.poll();
    assert.equal(response?.status, 400);
    assert.deepEqual(response.json, { code: 1, message: 'Session ID unknown' });
  }
}

/** A WebSocket whose open packet has been read. */
export async function openWebSocket(server, target = websocketTarget, options) {
  const link = await WebSocketLink.open(server, target, options);
  const open = await link.message();
  assert.equal(open[0], '0');
  link.open = JSON.parse(open.slice(1));
  return link;
}
