/** nginx as a caching proxy, in a directory of its own; its cache is in memory where the system offers that. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { installPackage } from '../../test/support/system-package.ts'
import { freePort, temporaryDir } from './processes.ts'

export interface Nginx {
  /** `http://host:port`, without a path. */
  readonly url: string
  /** Of its master. */
  readonly pid: number
  stop(): Promise<void>
}

/**
 * What a careful operator sets; answers are kept per URL and credentials, as they would have to be. `tcp_nopush` stays
 * off: over loopback it holds the end of an answer back for 40 ms.
 */
const configuration = (port: number, directory: string, cache: string, upstream: string): string =>
  `${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes auto;
daemon off;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 75s;
  keepalive_requests 1000000;
  open_file_cache max=1000 inactive=60s;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${cache}/temp;
  proxy_cache_path ${cache}/pages levels=1:2 keys_zone=pages:10m max_size=1g inactive=1h use_temp_path=off;
  upstream origin {
    server ${new URL(upstream).host};
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache pages;
      proxy_cache_key "$request_uri $http_authorization";
      proxy_cache_valid 200 1h;
      proxy_cache_lock on;
      add_header X-Cache $upstream_cache_status;
    }
  }
}
`

/** Resolves when it answers. Installs nginx-light with apt where nginx is missing. */
export async function startNginx(upstream: string): Promise<Nginx> {
  installPackage('nginx', 'nginx-light')
  const directory = temporaryDir()
  const cache = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/nginx-bench-') : directory
  const port = await freePort()
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration(port, directory, cache, upstream))
  const child = spawn('nginx', ['-c', file, '-p', directory, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const end = () => child.kill()
  process.once('exit', end)
  const url = `http://127.0.0.1:${port}`
  for (let attempt = 1; ; attempt++) {
    if (child.exitCode !== null || attempt > 200) throw new Error('nginx did not start')
    const answer = await request(url).catch(() => undefined)
    await answer?.body.dump()
    if (answer?.statusCode === 200) break
    await delay(10)
  }
  return {
    url,
    pid: child.pid!,
    async stop() {
      process.off('exit', end)
      if (child.exitCode === null) {
        child.kill()
        await once(child, 'exit')
      }
      if (cache !== directory) rmSync(cache, { recursive: true, force: true })
    }
  }
}
