// Serves the PHP files of the working directory on PORT, as `php -S` does, with a PHP that npm installs.
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createNodeFsMountHandler, loadNodeRuntime } from '@php-wasm/node';
import { PHP, PHPRequestHandler } from '@php-wasm/universal';

const SITE = '/site';
const { PORT, RIPEN_URL, RIPEN_KEY } = process.env;

const php = new PHP(await loadNodeRuntime('8.4', { emscriptenOptions: { processId: 1, ENV: { RIPEN_URL, RIPEN_KEY } } }));
php.mkdir(SITE);
await php.mount(SITE, createNodeFsMountHandler(process.cwd()));
// Without `cookieStore: false`, cookies would be those of earlier answers instead of the request's own.
const site = new PHPRequestHandler({ php, documentRoot: SITE, cookieStore: false });

createServer(async (request, response) => {
  const { url, method, headers } = request;
  const answer = await site.request({ url, method, headers, body: await buffer(request) });
  response.writeHead(answer.httpStatusCode, answer.headers).end(answer.bytes);
}).listen(PORT, '127.0.0.1');
