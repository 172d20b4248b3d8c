// Makes one file of the built client, for the server to hold in itself (src/webapp/pack.hpp says
// how it is laid out):
//   node pack.mjs DIST PACK
// Before that it writes the service worker, which must know the names of all other files.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** A compressed variant that saves less than this is not worth having. */
const gzipShareMost = 0.9;

const [dist, pack] = process.argv.slice(2);
if (!dist || !pack) {
  console.error('usage: node pack.mjs DIST PACK');
  process.exit(2);
}

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('base64url').slice(0, 22);

function filesOf(folder, prefix = '') {
  return readdirSync(folder, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name.startsWith('.')) return [];
      const name = `${prefix}/${entry.name}`;
      return entry.isDirectory() ? filesOf(path.join(folder, entry.name), name) : [name];
    });
}

function writeServiceWorker(files) {
  // The page at /docs is no part of the client.
  const shell = files.filter(
    (name) => name !== '/index.html' && name !== '/service-worker.js' && !name.startsWith('/docs/'),
  );
  shell.unshift('/');
  const contents = files.map((name) => hashOf(readFileSync(path.join(dist, name))));
  const source = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../worker');
  const text = readFileSync(path.join(source, 'service-worker.js'), 'utf8');
  const version = hashOf(contents.join());
  const head = `const SHELL = ${JSON.stringify(shell)};
const VERSION = '${version}';
`;
  writeFileSync(path.join(dist, 'service-worker.js'), head + text);
}

rmSync(path.join(dist, 'service-worker.js'), { force: true });
writeServiceWorker(filesOf(dist));

const rows = [];
const blobs = [];
let offset = 0;
function keep(bytes) {
  const at = offset;
  blobs.push(bytes);
  offset += bytes.length;
  return at;
}
for (const name of filesOf(dist)) {
  const type = types[path.extname(name)];
  if (!type) throw new Error(`pack.mjs knows no type for ${name}`);
  const bytes = readFileSync(path.join(dist, name));
  const zipped = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  const isZipped = zipped.length < bytes.length * gzipShareMost;
  // Vite puts the hash of its content into the name of each file of assets/.
  const kind = name.startsWith('/assets/') ? 'immutable' : 'revalidated';
  const row = [name, type, hashOf(bytes), kind, keep(bytes), bytes.length];
  row.push(isZipped ? keep(zipped) : 0, isZipped ? zipped.length : 0);
  rows.push(row.join('\t'));
}

const header = ['knotos-web-pack 1', ...rows, '', ''].join('\n');
mkdirSync(path.dirname(pack), { recursive: true });
// Whole or not at all: a build that is broken off leaves the one before.
writeFileSync(`${pack}.part`, Buffer.concat([Buffer.from(header), ...blobs]));
renameSync(`${pack}.part`, pack);
console.log(`${pack}: ${rows.length} files, ${offset} bytes`);
