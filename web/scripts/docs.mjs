// Lays the page at /docs beside the built client, to be packed with it:
//   node docs.mjs DIST
// What it is made of is installed first where it is missing.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const [dist] = process.argv.slice(2);
if (!dist) {
  console.error('usage: node docs.mjs DIST');
  process.exit(2);
}

const source = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../docs');
const swagger = path.join(source, 'node_modules/swagger-ui-dist');
if (!existsSync(swagger)) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: source,
    stdio: 'inherit',
  });
}
const target = path.join(dist, 'docs');
mkdirSync(target, { recursive: true });
for (const name of ['index.html', 'docs.js', 'docs.css']) {
  copyFileSync(path.join(source, name), path.join(target, name));
}
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css', 'favicon-32x32.png']) {
  copyFileSync(path.join(swagger, name), path.join(target, name));
}
