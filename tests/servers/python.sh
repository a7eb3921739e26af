# program: CPython 3.11
# package: python3
# work: http.server, asyncio, threading, subprocess, multiprocessing, sqlite3 in WAL mode, selectors, mmap, signal
cat >/tmp/t.py <<'P'
import asyncio, hashlib, http.server, mmap, multiprocessing, os, selectors, signal, socket, sqlite3, subprocess, sys, threading, time, urllib.request

class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"hi " + self.path.encode())
    def log_message(self, *a): pass

def square(n): return n * n

def worker(q, lock, value):
    for _ in range(100):
        with lock: value.value += 1
    q.put(os.getpid() != os.getppid())

async def echo():
    async def serve(r, w):
        w.write((await r.readline()).upper()); await w.drain(); w.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 9000)
    async def ask(n):
        r, w = await asyncio.open_connection("127.0.0.1", 9000)
        w.write(b"line %d\n" % n); line = await r.readline(); w.close(); return line
    answers = await asyncio.gather(*(ask(n) for n in range(20)))
    p = await asyncio.create_subprocess_exec("/bin/cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = await p.communicate(b"through cat")
    await asyncio.sleep(3600)
    server.close()
    return len(set(answers)), out

if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(urllib.request.urlopen("http://localhost:8000/a").read().decode())
    server.shutdown()
    print(*asyncio.run(echo()))
    total = 0; lock = threading.Lock()
    def add():
        global total
        for _ in range(1000):
            with lock: total += 1
    threads = [threading.Thread(target=add) for _ in range(8)]
    [t.start() for t in threads]; [t.join() for t in threads]
    print(total)
    print(subprocess.run(["sh", "-c", "echo out; exit 3"], capture_output=True).returncode)
    for method in ("fork", "spawn", "forkserver"):
        c = multiprocessing.get_context(method)
        q, l, v = c.Queue(), c.Lock(), c.Value("i", 0)
        ps = [c.Process(target=worker, args=(q, l, v)) for _ in range(3)]
        [p.start() for p in ps]; got = [q.get() for _ in ps]; [p.join() for p in ps]
        print(method, v.value, all(got))
    with multiprocessing.Pool(3) as pool: print(sum(pool.map(square, range(100))))
    db = sqlite3.connect("/tmp/t.db"); print(db.execute("pragma journal_mode=wal").fetchone()[0])
    db.execute("create table t(a)"); db.executemany("insert into t values (?)", [(i,) for i in range(100)]); db.commit()
    print(sqlite3.connect("/tmp/t.db").execute("select sum(a) from t").fetchone()[0])
    a, b = socket.socketpair(); sel = selectors.DefaultSelector(); sel.register(a, selectors.EVENT_READ)
    b.send(b"x"); print(len(sel.select(5)))
    m = mmap.mmap(-1, 4096); pid = os.fork()
    if pid == 0: m[0] = 65; os._exit(0)
    os.waitpid(pid, 0); print(chr(m[0]))
    signal.signal(signal.SIGALRM, lambda *a: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.5); time.sleep(1)
    print(hashlib.sha256(b"x").hexdigest()[:8], len(os.urandom(8)), sys.version_info[:2])
P
python3 /tmp/t.py
# expect: hi /a
# expect: 20 b'through cat'
# expect: 8000
# expect: 3
# expect: fork 300 True
# expect: spawn 300 True
# expect: forkserver 300 True
# expect: 328350
# expect: wal
# expect: 4950
# expect: 1
# expect: A
# expect: alarm
# expect: 2d711642 8 (3, 11)
