// The proxies of docs/guides/front before a fleet, with nothing changed but addresses.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { eventually, freePort, projectRoot, temporaryFolder } from '../../e2e/harness.mjs';
import { NotToBeHad } from '../../servers/server_process.mjs';

function configure(file, port, fleet) {
  let text = readFileSync(path.join(projectRoot, 'docs/guides/front', file), 'utf8');
  const place = (address, to) => {
    if (!text.includes(address)) throw new Error(`${file} does not name ${address}`);
    text = text.replaceAll(address, to);
  };
  place('0.0.0.0:80', `127.0.0.1:${port}`);
  // As many as descriptors are to be had here.
  text = text.replace('maxconn 100000', 'maxconn 2000');
  const placeAll = (network, nodes) =>
    nodes.forEach(({ server }, at) =>
      place(`${network}${at + 1}:8080`, `127.0.0.1:${server.port}`),
    );
  placeAll('10.0.0.1', fleet.apis);
  placeAll('10.0.0.2', fleet.gateways);
  return text;
}

function find(program) {
  const found = spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${program}`]);
  if (found.status !== 0) throw new NotToBeHad(`${program} is not installed`);
  return String(found.stdout).trim();
}

const kinds = {
  haproxy: (file) => ['-db', '-f', file],
  // In the foreground, as one process, with its files in the test's folder.
  nginx: (file, folder) => [
    ...['-p', folder, '-c', file, '-e', path.join(folder, 'error.log')],
    ...['-g', `daemon off; master_process off; pid ${folder}/nginx.pid;`],
  ],
};

const configurations = { haproxy: 'haproxy.cfg', nginx: 'nginx.conf' };

export const proxies = Object.keys(kinds);

/** Answers the proxy's URL. Throws NotToBeHad where the program is not installed. */
export async function startFront(t, program, fleet) {
  const binary = find(program);
  const folder = temporaryFolder(t);
  const port = await freePort();
  const file = path.join(folder, configurations[program]);
  let text = configure(configurations[program], port, fleet);
  if (program === 'nginx') {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `  ${kind}_temp_path ${folder}/${kind};\n`)
      .join('');
    text = text.replace('http {\n', `http {\n  access_log off;\n${temporary}`);
  }
  writeFileSync(file, text);
  const child = spawn(binary, kinds[program](file, folder), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more) => {
      said += more;
    });
  }
  t.after(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(`${program} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    const answer = await fetch(`${url}/v1/me`).catch(() => null);
    return answer?.status === 401;
  });
  return url;
}
