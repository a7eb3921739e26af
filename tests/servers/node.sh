# program: Node.js
# package: nodejs
# work: an http server and client, worker_threads, child_process, fs, dns lookup, crypto, timers
cat >/tmp/t.js <<'J'
const http = require('http'), fs = require('fs'), dns = require('dns'), cp = require('child_process');
const { Worker } = require('worker_threads');
const server = http.createServer((q, r) => r.end('hi ' + q.url)).listen(8000, async () => {
  for (const path of ['/a', '/b']) {
    const answer = await fetch('http://localhost:8000' + path);
    console.log(await answer.text());
  }
  const worker = new Worker('require("worker_threads").parentPort.postMessage(6 * 7)', { eval: true });
  console.log(await new Promise(done => worker.on('message', done)));
  console.log(String(cp.execFileSync('/bin/echo', ['child'])).trim());
  fs.writeFileSync('/tmp/f', 'text');
  console.log(await fs.promises.readFile('/tmp/f', 'utf8'));
  console.log((await dns.promises.lookup('localhost', { family: 4 })).address);
  console.log(require('crypto').createHash('sha256').update('x').digest('hex').slice(0, 8));
  setTimeout(() => { console.log('later'); server.close(); server.closeAllConnections(); }, 3600000);
});
J
node /tmp/t.js
# expect: hi /a
# expect: hi /b
# expect: 42
# expect: child
# expect: text
# expect: 127.0.0.1
# expect: 2d711642
# expect: later
